"""The committed list of what bundles are made of."""

from __future__ import annotations

from android_bench.phone.bundles.bundle import NAMES
from android_bench.phone.bundles.parts import load_parts


def test_the_committed_list_is_whole() -> None:
    parts = load_parts()
    assert set(parts.bundles) == set(NAMES)
    for name, spec in parts.bundles.items():
        files = [member.file for part in parts.of(name).values() for member in part.members]
        assert len(set(files)) == len(files)
        assert spec.runner_path.is_file()
        started = {word for word in spec.command if word.startswith("./")}
        assert started <= {f"./{file}" for file in [*files, spec.runner]}
        assert {spec.engine.removeprefix("./")} <= set(files)
        assert spec.gpu_library is None or spec.gpu_library.removeprefix("./") in files
    for part in parts.parts.values():
        assert part.version in part.file
        assert (part.registry == "debian") == bool(part.folder)
