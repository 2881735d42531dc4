"""Tables as GitHub's Markdown has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def markdown_table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], words: Collection[str] | None = None
) -> str:
    """A table, without a line end after its last row.

    Args:
        headers: of the columns.
        rows: the cells of each, taken as Markdown.
        words: headers whose columns stand left, all others being numbers that stand right; None leaves
            every column to the reader's program.
    """
    rules = ["---" if words is None or header in words else "---:" for header in headers]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in (headers, rules, *rows))
