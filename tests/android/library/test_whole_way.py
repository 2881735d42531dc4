"""From pixels to points in Kotlin, with the shipped models, as `facekp-detect` finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_export.finders.blazeface import SHORT_RANGE, blazeface_file
from tests.android import jvm
from tests.android.library.given import write_given

pytestmark = [pytest.mark.app, pytest.mark.slow]


def test_the_same_points_and_every_refusal(library: jvm.Library, tmp_path: Path) -> None:
    write_given(tmp_path)
    properties = {"facekp.given": tmp_path, "facekp.blazeface": blazeface_file(SHORT_RANGE.file).parent}
    print(library.run("WholeWayTest", **properties))
