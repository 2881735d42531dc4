"""facekp-bench --runner app on the rig: stand-ins for pm and am, behind which the true runner computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from android_bench.phone.bundles.bundle import bundle
from android_bench.phone.runner.install import ROOT
from facekp_train.common.files import sha256_of
from tests.adb.measuring import INT8, QUICK, error_of, finish, measure, start
from tests.rig.rig import Rig

pytestmark = pytest.mark.adb

_RUNNER = f"cd {ROOT}/bionic && ./facekp_runner_bionic --engine ./libtensorflowlite_jni.so"


def test_an_app_measures_and_leaves_nothing_but_itself(fresh_rig: Rig, tmp_path: Path) -> None:
    bundle("bionic")
    measure(fresh_rig, tmp_path, "--models", INT8, *QUICK)  # leaves the runner, which plays the app
    fresh_rig.shell(f"mkdir -p /data/local/tmp/rig; echo '{_RUNNER}' >/data/local/tmp/rig/runner")
    apk = tmp_path / "a.apk"
    apk.write_text("the app")
    by_app = ("--models", INT8, "--runner", "app", "--apk", apk, *QUICK)
    (record,) = measure(fresh_rig, tmp_path, *by_app)
    assert record.runner and (record.runner.name, record.runner.sha256) == ("app", sha256_of(apk))
    assert record.valid and record.parity and record.parity.ok and record.parity.inputs == 8
    assert (record.cpus, record.pinned) == (None, None)
    assert fresh_rig.shell("ls /data/local/tmp/rig/org.facekp.sample/files").split() == []
    assert fresh_rig.shell(f"ls {ROOT}").split() == ["bionic"]
    fresh_rig.shell("echo crash >/data/local/tmp/rig/am")
    code, _, stderr = finish(start(fresh_rig, tmp_path, *by_app))
    assert code == 1 and "the app crashed on the phone" in error_of(stderr)
