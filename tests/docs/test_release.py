"""What stands beside a release's wheels says of each file and net what it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from docs.release.bill import nets, write_sums
from facekp_export.finders.blazeface import FULL_RANGE, SHORT_RANGE, blazeface_file
from facekp_train.common.files import sha256_of
from facekp_train.common.shipped import default_model


def test_sums_are_as_sha256sum_reads_them(tmp_path: Path) -> None:
    for name in ("b.whl", "a.tar.gz", "SHA256SUMS"):
        (tmp_path / name).write_text(name)
    write_sums(tmp_path)
    expected = [f"{hashlib.sha256(n.encode()).hexdigest()}  {n}" for n in ("a.tar.gz", "b.whl")]
    assert (tmp_path / "SHA256SUMS").read_text().splitlines() == expected


def test_the_bill_names_every_net_inside_the_wheel() -> None:
    found = {net["name"]: net for net in nets()}
    for variant in (SHORT_RANGE, FULL_RANGE):
        assert found[variant.file]["hashes"][0]["content"] == sha256_of(blazeface_file(variant.file))
        assert found[variant.file]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    model = found["mdp-0.25x/model_int8.tflite"]
    assert model["hashes"][0]["content"] == sha256_of(default_model())
    assert model["licenses"] == [{"license": {"name": "LicenseRef-facekp-weights"}}]
    assert len({net["bom-ref"] for net in found.values()}) == len(found) == 9
