"""A command that raises, for what every program makes of an error."""

from __future__ import annotations

import pytest

from facekp_train.common.console import new_app, run


def code_after(error: BaseException) -> int:
    """The exit code of a command that raises this; what it says is on stderr."""
    app = new_app("x", "y")

    @app.command(no_args_is_help=False)
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit) as stop:
        run(app, [])
    return int(stop.value.code or 0)
