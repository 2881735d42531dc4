"""Kind: an option whose values have names offers them to the shell."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

CASES = [
    ("facekp-train fit --recipe ", {"modern", "paper", "retrain", "quantize-aware", "mine.yaml"}),
    ("facekp-train fit --recipe mo", {"modern"}),
    ("facekp-train fit --recipe sub/o", {"sub/other.yaml"}),
    ("facekp-train prune --recipe re", {"retrain"}),
    ("facekp-train quantize-aware --recipe q", {"quantize-aware"}),
    ("facekp-train distill --recipe p", {"paper"}),
    ("facekp-train fit --backbone mdp", {"mdp-fast"}),
    ("facekp-train fit --scheme ib", {"ibug68"}),
    ("facekp-train fit --accelerator g", {"gpu"}),
    ("facekp-train fit --precision b", {"bf16-mixed"}),
    ("facekp-train evaluate --model mdp-1", {"mdp-1x"}),
    ("facekp-export --backbone resnet", {"resnet-50"}),
    ("facekp-export boxes --finder ", {"blazeface", "blazeface-fast", "blazeface-full", "haar", "none"}),
    ("facekp-detect --finder blazeface-f", {"blazeface-fast", "blazeface-full"}),
    ("facekp-bench --device ", {"cpu", "gpu", "adb"}),
    ("facekp-bench --delegate n", {"nnapi"}),
    ("facekp-bench --delegate cpu,g", {"cpu,gpu"}),
    ("facekp-bench --runner a", {"auto", "app"}),
    ("facekp-bench decide --device a", {"adb"}),
    ("facekp-bench doctor --device c", {"cpu"}),
    ("facekp-bench serve --device a", {"adb"}),
    ("facekp-bench predict --soc kirin-98", {"kirin-980"}),
]
CLIS = {
    "facekp-train": "facekp_train.cli",
    "facekp-export": "facekp_export.cli",
    "facekp-detect": "facekp_export.detect",
    "facekp-bench": "android_bench.cli",
}


@pytest.mark.parametrize(("line", "offered"), CASES, ids=[line for line, _ in CASES])
def test_a_shell_completes(
    line: str, offered: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("mine.yaml", "note.txt", "sub/other.yaml"):
        (tmp_path / name).touch()
    program = line.partition(" ")[0]
    monkeypatch.setenv(f"_{program.replace('-', '_').upper()}_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    with pytest.raises(SystemExit):
        get_command(import_module(CLIS[program]).app).main([], program)
    assert set(capsys.readouterr().out.split()) == offered


@pytest.mark.parametrize("words", [("--accelerator", "tpu"), ("--precision", "fp16")])
@pytest.mark.parametrize("command", ["fit", "distill", "prune", "quantize-aware"])
def test_another_value_is_wrong_usage_before_anything_is_loaded(
    command: str, words: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    ended = CliRunner().invoke(import_module(CLIS["facekp-train"]).app, [command, *words])
    assert ended.exit_code == 2, ended.output
    assert f"'{words[1]}' is not one of" in ended.stderr
