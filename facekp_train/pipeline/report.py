"""`report.md` of a run: a table and plots of every stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.common.files import write_text, written_aside
from facekp_train.common.markdown import markdown_table
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.pipeline.stages import Stage

REPORT_FILE, PLOT_FILE = "report.md", "stages.png"
NO_ERRORS = "There are no errors in the report, since the pipeline's `shared` names no `validation` faces."


def write_report(out: Path, name: str, measured: list[tuple[Stage, dict[str, Any]]]) -> Path:
    """Write the report of the stages finished so far, whole or not at all; returns its path."""
    sets = list(measured[0][1]["errors"])
    head = ["stage", "MB (float32)", "million MACs"]
    for spec in sets:
        error = measured[0][1]["errors"][spec]
        head += [f"NME % {_short(spec)} ({error['normaliser']}, n = {error['n']})", "median", "above 10 %"]
    head += ["ms float32", "ms int8"]
    rows = [_row(stage, figures, sets) for stage, figures in measured]
    parts = [
        f"# {name}\n",
        markdown_table(head, rows) + "\n",
        "Errors: from the data set's boxes, one refinement. Milliseconds: p50 of the TFLite files on one "
        "thread of the machine that ran this; -, where not measured.\n",
        f"![error against size of every stage]({PLOT_FILE})\n" if sets else f"{NO_ERRORS}\n",
    ]
    for stage, _ in measured:
        parts.append(_section(stage, out))
    if sets:
        plot_stages(out / PLOT_FILE, measured, sets)
    write_text(out / REPORT_FILE, "\n".join(parts))
    return out / REPORT_FILE


def _row(stage: Stage, figures: dict[str, Any], sets: list[str]) -> list[str]:
    cells = [stage.name, f"{figures['bytes'] / 1e6:.2f}", f"{figures['macs'] / 1e6:.1f}"]
    for spec in sets:
        error = figures["errors"][spec]
        cells += [f"{error['nme']:.2f}", f"{error['median']:.2f}", f"{error['failures']:.1f} %"]
    times = figures["milliseconds"]
    return cells + [f"{times[kind]:.2f}" if kind in times else "-" for kind in ("float32", "int8")]


def _section(stage: Stage, out: Path) -> str:
    """A stage's checkpoint, its training curves, and what it says of itself."""
    lines = [f"## {stage.name}\n"]
    if "given" in stage.facts:
        return "\n".join([*lines, f"A checkpoint that was given: `{stage.facts['given']}`.\n"])
    lines.append(f"Checkpoint: `{stage.checkpoint.relative_to(out)}`\n")
    if stage.facts.get("widths"):
        lines.append(f"Widths inside the blocks: {', '.join(map(str, stage.facts['widths']))}\n")
    lines += [f"{sentence}\n" for sentence in _losses(stage.checkpoint)]
    curves = stage.checkpoint.parent / "curves.png"
    if curves.is_file():
        lines.append(f"![training curves of {stage.name}]({curves.relative_to(out)})\n")
    return "\n".join(lines)


def _losses(checkpoint: Path) -> list[str]:
    """What the losses were multiplied by, and whether the teacher was heard."""
    header = load_checkpoint(checkpoint).header
    factors = header.factors.model_dump(exclude_none=True) if header.factors else {}
    told = ", ".join(f"{name} x {value:.4g}" for name, value in factors.items())
    sentences = [f"Factors of the losses: {told}"] if told else []
    loss3, constant = (header.history.get(name) for name in ("loss_features", "loss_features_constant"))
    if loss3 is not None and constant is not None:
        sentences.append(f"loss3 {loss3:.3f}; of a student that says the same of every face {constant:.3f}")
    return sentences


def plot_stages(target: Path, measured: list[tuple[Stage, dict[str, Any]]], sets: list[str]) -> None:
    """NME against size and against multiply-accumulates, a line a validation set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, key, label in zip(axes, ("bytes", "macs"), ("MB, float32", "million MACs"), strict=True):
        for spec in sets:
            x = [figures[key] / 1e6 for _, figures in measured]
            y = [figures["errors"][spec]["nme"] for _, figures in measured]
            axis.plot(x, y, "o", label=_short(spec))
            for place, (stage, _) in zip(zip(x, y, strict=True), measured, strict=True):
                axis.annotate(stage.name, place, textcoords="offset points", xytext=(5, 5))
        axis.set_xlabel(label)
        axis.set_xscale("log")
        axis.margins(0.15)  # room for the names
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("NME, percent")
    axes[0].legend()
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=120)


def _short(spec: str) -> str:
    """A data set without its folders."""
    kind, _, path = spec.partition(":")
    return f"{kind}:{Path(path).name}"
