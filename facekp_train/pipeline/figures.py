"""What every stage of a run is worth: size, work, error on the validation sets, latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError, say
from facekp_train.common.files import sha256_of, write_json
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import answer
from facekp_train.networks.checkpoint import Checkpoint, load_checkpoint
from facekp_train.pipeline.latency import median_ms
from facekp_train.pipeline.stages import Stage
from facekp_train.pipeline.upper_floors import ProgramError, benchmark, export
from facekp_train.pruning.cost import net_cost
from facekp_train.training.provenance import read_stored
from facekp_train.training.recipe import Recipe

FIGURES_FILE = "figures.json"


def stage_figures(stage: Stage, folder: Path, recipe: Recipe, latency: bool) -> dict[str, Any]:
    """Measure a finished stage, or take what was measured of the same checkpoint before.

    `bytes` and `macs` of the deployed net; `errors`: NME, its normaliser, median and failures by
    validation set, from listed boxes with one refinement, as a deployed model meets faces;
    `milliseconds`: p50 of the exported float32 and int8 TFLite files on one thread here.
    """
    file = folder / FIGURES_FILE
    key = {
        "sha256": sha256_of(stage.checkpoint),
        "validation": recipe.validation,
        "validation_split": recipe.validation_split,
        "latency": latency,
        **({"limit": recipe.limit} if recipe.limit else {}),
    }
    if (stored := _measured_before(file, key)) is not None:
        return stored
    checkpoint = load_checkpoint(stage.checkpoint)
    cost = net_cost(checkpoint.net)
    figures: dict[str, Any] = {"of": key, "bytes": cost.bytes, "macs": cost.macs}
    figures["errors"] = {spec: _error(checkpoint, spec, recipe) for spec in recipe.validation}
    figures["milliseconds"] = _milliseconds(stage, folder) if latency else {}
    write_json(file, figures)
    return figures


def _measured_before(file: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    try:
        stored = read_stored(file, "it is measured again")
    except UserError:
        return None
    # A busy machine's measurement may have failed; it is tried again.
    failed = key["latency"] and not stored.get("milliseconds")
    return None if failed or stored.get("of") != key else stored


def _split(spec: str, recipe: Recipe) -> str:
    """Where the recipe names none that the data set has, the one that its figures are reported on."""
    known = open_dataset(spec).format
    named = recipe.validation_split
    return named if named is not None and named in known.splits else known.evaluation


def _error(checkpoint: Checkpoint, spec: str, recipe: Recipe) -> dict[str, Any]:
    dataset = open_dataset(spec, _split(spec, recipe), limit=recipe.limit)
    header = checkpoint.header
    answers = answer(
        checkpoint.predict, dataset, header.crop_rule, scheme=header.scheme, five_offset=header.five_offset
    )
    result = answers.score(spec, dataset.split)
    return {
        "split": dataset.split, "n": result.n, "normaliser": result.normaliser,
        "nme": result.nme[result.normaliser], "median": result.median, "failures": result.failure_rate["10"],
    }  # fmt: skip


def _milliseconds(stage: Stage, folder: Path) -> dict[str, float]:
    """By kind of file; empty, with the reason on stderr, where the net cannot be exported or timed here."""
    exported = folder / "export"
    try:
        export("--to", "tflite", "--model", stage.checkpoint, "--out", exported)
        return _by_kind(benchmark("--device", "cpu", "--models", exported))
    except ProgramError as error:
        say(f"{stage.name}: no latency: {error}")
        return {}


def _by_kind(records: list[dict[str, Any]]) -> dict[str, float]:
    usable = [r for r in records if r["kind"] in ("float32", "int8") and r["valid"]]
    return {r["kind"]: median_ms(r) for r in usable if r["runtime"] == "litert" and r["threads"] == 1}
