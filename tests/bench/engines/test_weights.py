"""The size and SHA-256 of a model whose weights lie in other files."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

from android_bench.engines.weights import external_files, size_and_sha256
from android_bench.host.bench import bench_models
from android_bench.timing import StopRule
from facekp_train.common.files import sha256_of
from tests.support.models.model_of_files import model_of_files
from tests.support.models.tiny_models import tiny_tflite


def test_files_of_weights_count_in_size_and_hash(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    assert external_files(path) == [tmp_path / "a.data", tmp_path / "b.data"]
    before = size_and_sha256(path)
    assert before[0] == path.stat().st_size + 2 * 64
    documented = "sha256sum model.onnx a.data b.data | cut -c-64 | tr -d '\n' | sha256sum"
    ran = subprocess.run(documented, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split()[0] == before[1]
    (tmp_path / "b.data").write_bytes(bytes(64))
    assert size_and_sha256(path)[1] != before[1]
    (tmp_path / "b.data").unlink()
    assert external_files(path) == [tmp_path / "a.data"]


def test_a_record_has_them(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    (record,) = bench_models([path], rule=StopRule(1, 0), warmup=0)
    assert record.valid and (record.bytes, record.sha256) == size_and_sha256(path)


def test_a_link_is_measured_under_its_own_name(tmp_path: Path) -> None:
    """As caches of models keep them: the files are named by their hashes."""
    made, linked = tmp_path / "blobs", tmp_path / "model"
    for folder in (made, linked):
        folder.mkdir()
    model_of_files(made / "model.onnx")
    for number, file in enumerate(sorted(made.iterdir())):
        file.rename(made / f"{number}")
        (linked / file.name).symlink_to(made / f"{number}")
    assert size_and_sha256(linked / "model.onnx")[0] == sum(file.stat().st_size for file in made.iterdir())
    tiny_tflite(tmp_path / "a.tflite").rename(tmp_path / "0")
    (tmp_path / "a.tflite").symlink_to("0")
    (record,) = bench_models([tmp_path / "a.tflite"], rule=StopRule(1, 0), warmup=0)
    assert record.valid, record.invalid_reasons


def test_a_file_alone_keeps_its_own_hash(tmp_path: Path) -> None:
    lite = tiny_tflite(tmp_path / "a.tflite")
    assert size_and_sha256(lite) == (lite.stat().st_size, sha256_of(lite))
    (tmp_path / "empty.onnx").touch()
    assert size_and_sha256(tmp_path / "empty.onnx") == (0, hashlib.sha256().hexdigest())


def test_what_lies_elsewhere_is_never_read(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    data = path.read_bytes()
    (tmp_path.parent / "c.dat").touch()
    for place in (b"/tmp/x", b"../c.dat"[:6], b"/dev/z"):
        path.write_bytes(data.replace(b"a.data", place).replace(b"b.data", place))
        assert external_files(path) == []


def test_damage_ends_the_search_and_nothing_else(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    data, chance = path.read_bytes(), random.Random(0)
    for end in range(len(data)):
        path.write_bytes(data[:end])
        external_files(path)
    for _ in range(300):
        spoiled = bytearray(data)
        for _ in range(3):
            spoiled[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(spoiled)
        external_files(path)
