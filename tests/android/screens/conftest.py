"""The compiled sample app."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_train.common.console import UserError
from tests.android.screens.app import App


@pytest.fixture(scope="session")
def app(apk: Path) -> App:
    """Compiled with its tests; skipped where a part is missing."""
    try:
        return App()
    except UserError as error:
        pytest.skip(str(error))
