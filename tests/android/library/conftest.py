"""The compiled library."""

from __future__ import annotations

import pytest

from facekp_train.common.console import UserError
from tests.android import jvm


@pytest.fixture(scope="session")
def library() -> jvm.Library:
    """Compiled for this machine's JVM; skipped where a JDK or a part is missing."""
    if reason := jvm.missing():
        pytest.skip(reason)
    try:
        return jvm.Library()
    except UserError as error:
        pytest.skip(str(error))
