"""facekp-detect, called in this process."""

from __future__ import annotations

import pytest

from facekp_export import detect
from facekp_train.common.console import run


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        run(detect.app, [str(argument) for argument in arguments])
    return int(stop.value.code or 0)
