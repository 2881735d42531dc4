"""The list of licenses: complete, and what the installed packages say of themselves."""

from __future__ import annotations

import importlib.metadata

import pytest

from docs.generate.licenses import LICENSES, shipped_parts

PARTS = sorted({(part["registry"], part["package"]) for _, part in shipped_parts()})


def test_every_part_that_ships_has_a_license_and_nothing_else_is_listed() -> None:
    assert {package for _, package in PARTS} == set(LICENSES)


@pytest.mark.parametrize("package", [package for registry, package in PARTS if registry == "pypi"])
def test_a_package_says_the_same_of_itself(package: str) -> None:
    try:
        stated = importlib.metadata.metadata(package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the package")
    words = " ".join(
        [*(stated.get_all("License-Expression") or ()), *(stated.get_all("License") or ())]
    ).replace(" ", "-")
    assert LICENSES[package].split(";")[0] in words
