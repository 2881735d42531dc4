"""A measuring process's end of its link: one JSON object a line in, one out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer each line until the input ends; a failure is answered with its sentence, and is the end."""
    # Libraries print to stdout as they please; the answers keep a channel of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # engines raise what they like
            reply = {"error": " ".join(str(error).split())[:500] or type(error).__name__}
        print(json.dumps(reply), file=channel, flush=True)
        if "error" in reply:
            sys.exit(1)
