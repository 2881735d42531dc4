"""Pages of records for everybody: by screen reader, in the dark, from right to left, on a small screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from android_bench.records.phone import CurvePoint
from android_bench.reports.pages import records_page
from tests.support.browser import Browser
from tests.support.npm import AXE, AXE_FINDINGS, unpacked
from tests.support.phones.sample_records import invalid, machine, valid

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]


def test_axe_finds_nothing_and_the_page_is_no_wider_than_its_screen(tmp_path: Path) -> None:
    axe = (unpacked(AXE, tmp_path / "axe") / "axe.min.js").read_text(encoding="utf-8")
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    records = [valid(curve=curve), invalid("it died" * 20), valid(machine=machine(cpu="Another"), threads=2)]
    (tmp_path / "records.html").write_text(records_page(records), encoding="utf-8")
    browser = Browser(tmp_path / "profile")
    try:
        browser.call("Page.setBypassCSP", enabled=True)  # for axe alone
        for scheme, direction in (("light", "ltr"), ("dark", "rtl")):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.call("Emulation.setEmulatedMedia", features=features)
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True
            )
            browser.call("Page.navigate", url=(tmp_path / "records.html").as_uri())
            browser.until("document.readyState === 'complete' && document.querySelector('svg') !== null")
            browser.evaluate(f"document.documentElement.dir = '{direction}'")
            assert browser.evaluate("document.documentElement.scrollWidth") == 360
            browser.evaluate(axe)
            assert browser.evaluate(AXE_FINDINGS) == []
    finally:
        browser.close()
