"""docs/reference/schemas.md and the JSON Schemas beside it, from the classes that write the documents."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from docs.generate.json_types import fields


def _documents() -> dict[str, tuple[str, type]]:
    """File name -> what it describes, and the class."""
    from android_bench.decision.document import Decision
    from android_bench.records.record import Document
    from android_bench.reports.compare import Comparison
    from facekp_export.verification.manifest import Manifest
    from facekp_train.networks.checkpoint import CheckpointHeader

    return {
        "measurements": (
            "What `facekp-bench --json` and `--out` write; `facekp-bench schema` prints its schema.",
            Document,
        ),
        "comparison": (
            "What `facekp-bench compare --json` prints beside `schema` and the number of `regressions`.",
            Comparison,
        ),
        "decision": ("What `facekp-bench decide --json` and `--out` write.", Decision),
        "manifest": ("`manifest.json` beside exported files.", Manifest),
        "checkpoint": (
            "The header of a checkpoint (`.safetensors`), JSON under the key `facekp` of its metadata.",
            CheckpointHeader,
        ),
    }


def _schema(kind: type) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema(mode="serialization")


def schema_files() -> dict[str, str]:
    """The schemas themselves, for programs."""
    return {
        f"schemas/{name}.json": json.dumps(_schema(kind), indent=2, ensure_ascii=False) + "\n"
        for name, (_, kind) in _documents().items()
    }


def schemas_page() -> str:
    """The page."""
    parts = ["# JSON schemas\n", "Numbers are JSON numbers; what a system does not tell is null.\n"]
    told: set[str] = set()
    for name, (about, kind) in _documents().items():
        schema = _schema(kind)
        parts.append(f"## {name.capitalize()}\n")
        parts.append(f"{about} [schemas/{name}.json](schemas/{name}.json) is the schema for programs.\n")
        parts.append(fields(schema))
        for title, part in schema.get("$defs", {}).items():
            if title in told or "properties" not in part:
                continue
            told.add(title)
            parts.append(f"### {title}\n")
            if "description" in part:
                parts.append(" ".join(part["description"].split()) + "\n")
            parts.append(fields(part))
    return "\n".join(parts)
