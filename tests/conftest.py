"""What the tests share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import settings

from android_bench.phone.bundles import bundle as bundles
from android_bench.records.record import Document
from facekp_train import landmarks
from facekp_train.common.console import run
from facekp_train.common.downloads import downloads
from tests.support.extras import EXTRAS
from tests.support.files.synthetic_faces import draw_face
from tests.support.models.tiny_models import tiny_tflite
from tests.support.models.train_cli import annotated
from tests.support.phones.bundle_parts import Miniature, Server, miniature, serving
from tests.support.phones.native_runs import Outcome, build_runner, runner_in
from tests.support.phones.scripted_phone import ScriptedPhone, assembled
from tests.support.places import SHARED_DATA

# Small nets only wait for further threads, and tests run side by side. Child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no failure.
settings.register_profile("facekp", deadline=None)
settings.load_profile("facekp")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file of tests that imports a package of an extra is skipped where that is not installed."""
    report = yield
    lacking = re.search(r"No module named '(\w+)", str(report.longrepr)) if report.failed else None
    if isinstance(collector, pytest.Module) and lacking and lacking[1] in EXTRAS:
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, f"Skipped: needs {lacking[1]}")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first: no process is left alone with one when the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real face data, which a fresh clone does not have."""
    folder = SHARED_DATA
    if not (folder / "mtfl").is_dir():
        pytest.skip("needs the real face data: name its folder in FACEKP_DATA")
    return folder


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 faces of colored discs as an MTFL training list."""
    root = tmp_path_factory.mktemp("discs")
    random = np.random.default_rng(1)
    lines = []
    for i in range(48):
        image = random.integers(0, 60, (140, 140, 3), np.uint8)
        points = draw_face(image, tuple(random.uniform(60, 80, 2)), random.uniform(28, 40))
        cv2.imwrite(str(root / f"{i}.png"), image[:, :, ::-1])
        low, high = points.min(0) - 8, points.max(0) + 8
        box = (low[0], high[0], low[1], high[1])
        numbers = " ".join(f"{v:.4f}" for v in (*box, *points.flatten()))
        lines.append(f"sub\\..\\{i}.png {numbers}")
    (root / "sub").mkdir()
    (root / "trainImageList.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four good faces, one broken photograph and one broken annotation."""
    folder = tmp_path / "photos"
    for name in "abcdxy":
        annotated(folder, name)
    (folder / "x.png").write_bytes(b"\x89PNG no more")
    (folder / "y.pts").write_text("version: 1")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained nets, as NAME.safetensors by their number of keypoints."""
    torch = pytest.importorskip("torch", reason="needs facekp[train]")
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig, build_net

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints")
    for points in (5, 19, 68):
        config = NetConfig.model_validate({"points": points, "widths": [8] * 16})
        header = CheckpointHeader.model_validate({"net": config})
        save_checkpoint(folder / f"{points}.safetensors", build_net(config), header)
    return folder


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run facekp-bench in this process; exit code, stdout, stderr."""
    from android_bench import cli

    def call(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            run(cli.app, [str(word) for word in words])
        stdout, stderr = capsys.readouterr()
        return int(exit_.value.code or 0), stdout, stderr

    return call


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedPhone]:
    """A phone named TEST that behaves as scripted; this process sees no other."""
    folder = tmp_path / "scripted"
    folder.mkdir()
    scripted = ScriptedPhone(folder)
    for name, value in scripted.environment.items():
        monkeypatch.setenv(name, value)
    yield scripted
    scripted.close()


@pytest.fixture
def odd_model(tmp_path: Path) -> Path:
    """c = a + 1 under a name that a shell would take apart."""
    return tiny_tflite(tmp_path / "it's a $(model).tflite", constant=1.0)


@pytest.fixture
def measure(
    scripted: ScriptedPhone,
    odd_model: Path,
    bench: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[int, list[Any], str]]:
    """Measure `odd_model` on the scripted phone, quickly; exit code, records, stderr."""
    monkeypatch.setattr("android_bench.phone.runner.runners.bundle", assembled(tmp_path / "bundle"))
    quick = ("--min-runs", "5", "--min-seconds", "0", "--repeat", "2")

    def call(*words: str | Path) -> tuple[int, list[Any], str]:
        code, stdout, stderr = bench("--device", "adb", "--models", odd_model, "--json", *quick, *words)
        records = Document.model_validate_json(stdout).records if stdout.startswith("{") else []
        return code, list(records), stderr

    return call


@pytest.fixture(scope="session")
def native_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the phones' runner and stand-in engines, built for this machine."""
    return build_runner(tmp_path_factory.mktemp("native"))


@pytest.fixture
def run_native(native_build: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Run the phones' runner here; see `runner_in`."""
    return runner_in(tmp_path, native_build)


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings, whose cache is empty."""
    for name in (
        "MAVEN_HOME",
        "M2_HOME",
        "FACEKP_MAVEN",
        "FACEKP_GOOGLE_MAVEN",
        "FACEKP_DEBIAN",
        "FACEKP_CACHE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_APT_HELPER", "/no/apt-helper")
    return tmp_path / "home"


@pytest.fixture
def small_bundles(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    """What bundles are made of, in miniature."""
    small = miniature()
    monkeypatch.setattr(bundles, "load_parts", lambda: small.parts)
    return small


@pytest.fixture
def registries(small_bundles: Miniature, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The registries of `small_bundles`, named in the environment."""
    with serving(dict(small_bundles.served)) as registries:
        monkeypatch.setenv("FACEKP_MAVEN", f"{registries.url}/maven")
        monkeypatch.setenv("FACEKP_DEBIAN", f"{registries.url}/debian")
        yield registries


def _schemes_as_before() -> Iterator[None]:
    counts, names = dict(landmarks.SCHEMES), dict(landmarks._BY_NAME)
    yield
    landmarks.SCHEMES.clear()
    landmarks.SCHEMES.update(counts)
    landmarks._BY_NAME.clear()
    landmarks._BY_NAME.update(names)


# What a test's data or a file's fixtures adopt is no scheme of the next one.
_of_a_test = pytest.fixture(autouse=True)(_schemes_as_before)
_of_a_file = pytest.fixture(autouse=True, scope="module")(_schemes_as_before)
