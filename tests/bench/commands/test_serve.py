"""facekp-bench serve: from the folder to a phone's browser and back with a document."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from android_bench.records.documents import read_document
from android_bench.reports.tables import json_text
from tests.support.phones.sample_records import valid
from tests.support.phones.scripted_phone import ScriptedPhone
from tests.support.places import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

Bench = Callable[..., tuple[int, str, str]]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    page = tmp_path / "exports" / "a" / "web"
    page.mkdir(parents=True)
    (page / "index.html").write_text("the page")
    return page.parent


BROWSER = """#!{python}
import sys, urllib.request
address = sys.argv[-1]
assert sys.argv[1:-1] == ["start", "-a", "android.intent.action.VIEW", "-d"]
assert urllib.request.urlopen(address).read() == b"the page"
document = open({document!r}, "rb").read()
urllib.request.urlopen(address.split("?")[0] + "benchmark", document)
"""


def test_a_phone_s_browser_measures_and_the_port_is_taken_back(
    scripted: ScriptedPhone, bench: Bench, export: Path, tmp_path: Path
) -> None:
    (tmp_path / "measured.json").write_text(json_text([valid(device="browser")]))
    browser = scripted.folder / "bin" / "am"
    browser.write_text(BROWSER.format(python=sys.executable, document=str(tmp_path / "measured.json")))
    browser.chmod(0o755)
    code, stdout, stderr = bench(
        "serve", export, "--device", "adb", "--benchmark", "--out", tmp_path / "o.json"
    )
    assert code == 0, stderr
    assert "on TEST" in stdout and "model.onnx" in stdout
    assert read_document(tmp_path / "o.json") == [valid(device="browser")]
    reversed_ = [call[2:] for call in scripted.calls if "reverse" in call]
    (port,) = {words[-1] for words in reversed_}
    assert reversed_ == [["reverse", port, port], ["reverse", "--remove", port]]


def test_a_phone_without_a_browser_gets_its_port_back(
    scripted: ScriptedPhone, bench: Bench, export: Path
) -> None:
    code, _, stderr = bench("serve", export, "--device", "adb")
    assert code == 1
    assert "no browser opens" in stderr and "open http://localhost:" in stderr
    assert [call[3] for call in scripted.calls if "reverse" in call][-1] == "--remove"
    scripted.save(reverse={"code": 1, "stderr": "error: more than one device"})
    code, _, stderr = bench("serve", export, "--device", "adb")
    assert code == 1 and "cannot lead here (error: more than one device)" in stderr


def test_it_serves_until_ctrl_c(export: Path) -> None:
    words = [sys.executable, "-m", "android_bench", "serve", str(export / "web")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    try:
        address = process.stderr.readline().split()[0]
        assert address.startswith("http://localhost:")
        assert urllib.request.urlopen(address).read() == b"the page"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stderr.close()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("gone",), 1, "gone does not exist; give an export's folder"),
        ((".", "--device", "cpu"), 2, "is not adb"),
        ((".", "--serial", "x"), 2, "--device adb"),
        ((".", "--host", "0.0.0.0", "--device", "adb"), 2, "leads to this computer alone"),
        ((".", "--out", "x.json"), 2, "--benchmark"),
        ((".", "--port", "99999"), 2, "--port"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], code: int, says: str, bench: Bench, export: Path) -> None:
    place = export if words[0] == "." else export / words[0]
    ended, _, stderr = bench("serve", place, *words[1:])
    assert (ended, says in stderr) == (code, True)


def test_a_folder_without_a_page_and_a_shipped_model_get_the_line_that_makes_one(
    export: Path, bench: Bench
) -> None:
    (export / "web" / "index.html").unlink()
    assert f"make it with: facekp-export --to web --out {export}" in bench("serve", export)[2]
    code, _, stderr = bench("serve", "mdp-1x")
    assert (code, "facekp-export --to web --model mdp-1x, and serve exports/mdp-1x" in stderr) == (1, True)


def test_a_port_that_is_taken_is_said(export: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, stderr = bench("serve", export, "--host", "203.0.113.1")
    assert code == 1
    assert "203.0.113.1 port 0 cannot be listened on" in stderr and json.dumps(stderr).count("\\n") == 1
