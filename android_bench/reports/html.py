"""Pages of one file: no script, nothing loaded from anywhere, light or dark as the reader has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from android_bench.reports.svg import text_of

_SHADES = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860", "#da8bc3", "#64b5cd")
STYLE = """
:root { color-scheme: light dark;
  --ink: #1b1e23; --soft: #5f6670; --line: #d8dce2; --paper: #fff; --good: #e6f4e8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --soft: #a2a9b3; --line: #3a4048; --paper: #16191d; --good: #1d3524; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  padding: 1.5rem; max-width: 80rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.answer { background: var(--good); border-inline-start: 4px solid #55a868; padding: .8rem 1rem;
  overflow-wrap: anywhere; }
.answer.none { background: none; border-color: #c44e52; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9em; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top;
  white-space: nowrap; }
th { font-weight: 600; } td.n, th.n { text-align: end; } td.w { white-space: normal; min-width: 14rem; }
tr.best { background: var(--good); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
figure { margin: 0; overflow-x: auto; direction: ltr; }
:focus-visible { outline: 3px solid #4c72b0; outline-offset: 2px; }
/* On a page from right to left a sentence keeps its full stop at its own end, a plot its left and right. */
h1, h2, p, li, figcaption { unicode-bidi: plaintext; } :is(h1, h2, p, li):dir(rtl) { text-align: right; }
figcaption, .soft { color: var(--soft); } li { overflow-wrap: anywhere; }
svg { width: 100%; min-width: 34rem; max-width: 46rem; height: auto; }
svg text { font-size: 12px; fill: var(--ink); } .mark { font-weight: 600; }
.grid { stroke: var(--line); } .run { opacity: .35; } .curve { fill: none; stroke-width: 2; }
.dashed { stroke-dasharray: 6 4; } .whisker { stroke: var(--ink); fill: none; }
.faces { display: flex; flex-wrap: wrap; gap: .6rem; } .faces img { display: block; border-radius: 4px; }
""" + "\n".join(
    f".s{n} {{ fill: {color}; stroke: {color}; }} .l{n} {{ stroke: {color}; }}"
    f" .s{n}.ring {{ fill: none; stroke-width: 2; }}"
    for n, color in enumerate(_SHADES)
)
_LONG = 48
"""Letters in a cell above which its column is folded."""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: Iterable[str]) -> str:
    """A whole document of parts that are HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text_of(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{text_of(title)}</h1>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def table(
    headers: Sequence[str],
    cells: Sequence[Sequence[str]],
    texts: Collection[str] = (),
    best: Iterable[int] = (),
) -> str:
    """A table of plain text. texts: headers whose columns are no numbers. best: rows that stand out."""
    kinds = [
        "n" if header not in texts else "w" if any(len(row[place]) > _LONG for row in cells) else "t"
        for place, header in enumerate(headers)
    ]
    stand_out = set(best)
    head = "".join(
        f'<th class="{kind}" scope="col">{text_of(header)}</th>'
        for kind, header in zip(kinds, headers, strict=True)
    )
    lines = []
    for number, row in enumerate(cells):
        marked = ' class="best"' if number in stand_out else ""
        inner = "".join(
            f'<td class="{kind}">{text_of(cell)}</td>' for kind, cell in zip(kinds, row, strict=True)
        )
        lines.append(f"<tr{marked}>{inner}</tr>")
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="table"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table></div>"
    )


def bullets(lines: Iterable[str]) -> str:
    """A list of plain text; nothing for none."""
    items = "\n".join(f"<li>{text_of(line)}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>" if items else ""


def section(title: str, *parts: str) -> str:
    """Parts that are HTML under a heading; nothing where all are empty."""
    inner = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{text_of(title)}</h2>\n{inner}\n</section>" if inner else ""


def figures(plots: Iterable[tuple[str, str]]) -> str:
    """Plots with a caption each, beside one another; those that are empty are left out."""
    inner = "\n".join(
        f'<figure tabindex="0">{plot}<figcaption>{text_of(caption)}</figcaption></figure>'
        for caption, plot in plots
        if plot
    )
    return f'<div class="plots">\n{inner}\n</div>' if inner else ""
