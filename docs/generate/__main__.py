"""`python -m docs.generate` (make reference): write docs/reference/ anew, and what other pages count."""

from __future__ import annotations

import sys

from docs.generate.pages import FOLDER, pages, stale
from docs.generate.reliability import PAGE, counted


def main() -> None:
    """Write the pages that differ, remove those that nothing makes, say which."""
    made = pages()
    for name in stale():
        path = FOLDER / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], encoding="utf-8")
        else:
            path.unlink()
        print(f"{'wrote' if name in made else 'removed'} {path.relative_to(FOLDER.parents[1])}")
    page = PAGE.read_text(encoding="utf-8")
    try:
        fresh = counted(page)
    except ValueError as error:
        sys.exit(str(error))
    if fresh != page:
        PAGE.write_text(fresh, encoding="utf-8")
        print(f"wrote {PAGE.relative_to(FOLDER.parents[1])}")


main()
