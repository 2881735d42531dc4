"""Pages: no dead link, no long line, one spelling, a reference that is fresh."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from docs.generate.pages import stale
from tests.support.files.doc_pages import BRITISH, DOCS, PAGES, WRITTEN, anchors, code_in, links, named, prose
from tests.support.places import ROOT

_PAGE = re.compile(r"(?<![\w/])docs/[\w./-]*\.(?:md|png)")
_FLOORS = [ROOT / name for name in (".", "facekp_train", "facekp_export", "android_bench")]
_OWN = [page for page in WRITTEN if page.is_relative_to(DOCS) or page.parent == ROOT]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        if not target.is_file() or (parts.fragment and parts.fragment not in anchors(target)):
            dead.append(link)
    assert not dead


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=named)
def test_pages_of_the_site_link_to_pages_of_the_site(page: Path) -> None:
    near = [link for link in links(page) if not urlsplit(link).scheme]
    outside = [
        link for link in near if not (page.parent / urlsplit(link).path).resolve().is_relative_to(DOCS)
    ]
    assert not outside, "name files outside docs/ in code: the site does not have them"


def test_every_page_is_in_the_navigation() -> None:
    navigation = set(re.findall(r'"([\w/.-]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8")))
    assert navigation == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


def test_pages_that_code_and_comments_name_exist() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.c", "*.h", "*.md", "*.toml", "Makefile", ".ci/run"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    missing = [
        f"{path}: {page}"
        for path in tracked
        if path != "CHANGELOG.md" and (ROOT / path).is_file()
        for page in _PAGE.findall((ROOT / path).read_text(encoding="utf-8"))
        if not (ROOT / page).exists()
    ]
    assert not missing


def test_the_reference_is_what_the_code_says() -> None:
    pytest.importorskip("torch", reason="needs facekp[train]")
    assert not stale(), "run make reference and commit what it writes"


@pytest.mark.parametrize("page", _OWN, ids=named)
def test_lines_of_prose_are_short(page: Path) -> None:
    long = [number for number, line in prose(page) if len(line) >= 140 and not line.startswith("|")]
    assert not long


@pytest.mark.parametrize("page", _OWN, ids=named)
def test_pages_are_spelled_as_the_field_spells(page: Path) -> None:
    """American; names in code are the code's."""
    text = re.sub(r"`[^`]*`", "", "\n".join(line for _, line in prose(page)))
    assert not [found[0] for found in BRITISH.finditer(text)]


@pytest.mark.parametrize("page", _OWN, ids=named)
def test_files_named_in_code_exist(page: Path) -> None:
    """Of the folders that a checkout always has."""
    folders = ("facekp_train", "facekp_export", "android_bench", "benchmarks", "tests", "models")
    named_files = [
        span for span in code_in(page)
        if re.fullmatch(rf"({'|'.join(folders)})/[\w./-]+", span) and not (ROOT / span).exists()
    ]  # fmt: skip
    assert not named_files


@pytest.mark.parametrize("page", _OWN, ids=named)
def test_modules_named_from_their_package_exist(page: Path) -> None:
    """Such as `training/fit.py`, where the sentence says of which floor it speaks."""
    modules = [span for span in code_in(page) if re.fullmatch(r"(?:\w+/)+\w+\.py", span)]
    assert not [name for name in modules if not any((floor / name).is_file() for floor in _FLOORS)]


def test_faults_name_tests_that_exist() -> None:
    page = (DOCS / "guides" / "faults.md").read_text(encoding="utf-8")
    there = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"\btest_\w+", page)) <= there
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and not re.match(r"\| (---|fault)", line)
    ]
    assert f"{len(rows)} faults stand below" in page


def test_every_key_of_a_recipe_and_a_pipeline_says_what_it_means() -> None:
    page = (DOCS / "reference" / "pipeline.md").read_text(encoding="utf-8").split("## Named recipes")[0]
    assert not re.findall(r"^\| `(\w+)` .*\|\s*\|$", page, re.MULTILINE)


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "guides" / "get-started.md"], ids=named)
def test_tables_of_the_shipped_models_say_what_their_manifests_say(page: Path) -> None:
    row = re.compile(r"(mdp-[\w.]+)[`\]|].*\| ([\d.]+) MB float32, ([\d.]+) MB int8 \| .*\D(\d\.\d) %")
    told = {
        found[1]: found.groups()[1:] for line in page.read_text().splitlines() if (found := row.search(line))
    }
    assert sorted(told) == ["mdp-0.25x", "mdp-1x", "mdp-fast"]
    for name, figures in told.items():
        folder = ROOT / "models" / name
        sizes = [(folder / f"model_{kind}.tflite").stat().st_size / 1e6 for kind in ("float32", "int8")]
        error = json.loads((folder / "manifest.json").read_text())["torch_nme"]
        assert figures == tuple(f"{figure:.1f}" for figure in (*sizes, error)), name
