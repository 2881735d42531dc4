"""`facekp-bench schema`: what the document of --json looks like, for programs that read it."""

from __future__ import annotations

import json


def schema() -> None:
    """Print the JSON Schema of the document that --json prints."""
    from android_bench.records.record import Document

    print(json.dumps(Document.model_json_schema(), indent=2))
