"""benchmarks/TABLES.md: the parts that table5.py and table6.py write, one after the other."""

from __future__ import annotations

from pathlib import Path

from facekp_train.common.files import write_text

_FOLDER = Path(__file__).parents[1]
PARTS = ("table5", "table6")


def write_part(name: str, text: str, folder: Path = _FOLDER) -> Path:
    """Write one part, results/NAME.md, and TABLES.md anew from all parts that are there.

    Args:
        name: one of PARTS.
        text: its Markdown, beginning with a heading of level 2. Links and pictures are relative to `folder`.
        folder: that of TABLES.md.

    Returns:
        TABLES.md.
    """
    if name not in PARTS:
        raise ValueError(f"a part is one of {', '.join(PARTS)}, not '{name}'")
    write_text(folder / "results" / f"{name}.md", text)
    parts = [folder / "results" / f"{part}.md" for part in PARTS]
    texts = [part.read_text(encoding="utf-8").strip() for part in parts if part.is_file()]
    target = folder / "TABLES.md"
    write_text(target, "\n\n".join(["# The paper's tables 5 and 6, beside ours", *texts]) + "\n")
    return target
