"""The one training loop, on lightning-fabric: from a laptop's CPU to several GPUs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from facekp_train.batches.loader import BatchSettings, TrainBatches, spread_crops
from facekp_train.common.console import UserError, say
from facekp_train.common.locks import alone_in
from facekp_train.common.process import keep_freed_memory
from facekp_train.common.run_files import BEST_FILE, LAST_FILE, STATE_FILE
from facekp_train.crop import CropRule
from facekp_train.landmarks import meaning
from facekp_train.metadata import FiveOffset
from facekp_train.networks.checkpoint import CheckpointHeader, LossFactors, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, build_net
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.distill import AXES_FACES
from facekp_train.training.initial import Start, five_offset_of, make_learner, start_of
from facekp_train.training.launch import launch, usable_precision
from facekp_train.training.learner import Learner
from facekp_train.training.log import Scored, Step, TrainingLog, Watch, unwatched
from facekp_train.training.losses import JointLoss, LossSettings, LossTerms
from facekp_train.training.optimizer import AveragedWeights, OptimizerSettings, make_optimizer, rate_at
from facekp_train.training.provenance import licence_of
from facekp_train.training.recipe import Recipe
from facekp_train.training.run_folder import (
    check_folder,
    claim_folder,
    load_state,
    read_beside,
    save_beside,
    save_state,
)
from facekp_train.training.validation import validate

_OF_TEACHER = ("loss_features", "loss_features_constant", "loss_outputs")
_LOSSES: tuple[str, ...] = ("loss", "loss_regression", "loss_heatmap", *_OF_TEACHER)


@dataclass
class _Progress:
    """Plain data that a resumed run goes on from."""

    epoch: int = 0
    best: float = float("inf")
    factors: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Run:
    """Everything of one run that lives in memory."""

    fabric: Fabric
    settings: OptimizerSettings
    learner: Learner
    optimizer: torch.optim.Optimizer
    ema: AveragedWeights
    loss: JointLoss
    header: CheckpointHeader
    progress: _Progress


def fit(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    until: int | None = None,
    accelerator: str = "cpu",
    devices: int = 1,
    watch: Watch = unwatched,
    fabric: Fabric | None = None,
    data: TrainingData | None = None,
) -> Path | None:
    """Train by a recipe; returns the best checkpoint's path, None in all processes but the first.

    With a `teacher` in the recipe it distills. Several runs in a row may share one launched `fabric`
    (else made of `accelerator` and `devices`) and the decoded faces of one `load_training_data`; then it
    is for the caller to see that a resumed run has the faces that it began with.

    Writes `best.safetensors`, `last.safetensors`, `recipe.yaml`, `log.jsonl`, `curves.png`, a
    tensorboard log and `state.safetensors` into `out`. With `resume` it goes on after the last
    finished epoch and ends with the weights of an unbroken run. until: it stops after so many of its
    epochs, to be resumed; the schedule remains that of all. Raises UserError where `out` holds
    another run, or another process is using it.
    """
    recipe = recipe.model_copy(update={"precision": usable_precision(recipe.precision)})
    fabric = fabric or launch(accelerator, devices, recipe.precision)
    if fabric.device.type == "cpu":
        keep_freed_memory()
    fabric.seed_everything(recipe.seed, verbose=False)
    check_folder(out, recipe, resume)  # what is refused shall leave no folder
    with meaning(recipe.own_scheme()), alone_in(out, fabric):
        claim_folder(out, recipe, resume, faces_known=data is not None)
        data = data or load_training_data(recipe.part(FaceSettings))
        return _train(fabric, recipe, out, data, resume, until or recipe.epochs, watch)


def _train(
    fabric: Fabric,
    recipe: Recipe,
    out: Path,
    data: TrainingData,
    resume: bool,
    until: int,
    watch: Watch,
) -> Path | None:
    resumed = resume and (out / STATE_FILE).is_file()
    start = start_of(recipe)
    offset = five_offset_of(data, start, recipe.points)
    place = {"rank": fabric.global_rank, "world": fabric.world_size}
    batches = TrainBatches(data.train, recipe.part(BatchSettings), recipe.seed, five_offset=offset, **place)
    run = _start(fabric, recipe, out.name, start, batches, offset, resumed)
    if resumed:
        state = load_state(out / STATE_FILE, run.learner, run.ema, run.optimizer)
        try:
            run.progress = _Progress(**state)
            run.loss.factors = LossFactors(**run.progress.factors) if run.progress.factors else None
        except TypeError as error:
            raise ValueError(
                f"{out / STATE_FILE} is of another version ({error}); give another --out"
            ) from None
    model = fabric.setup_module(run.learner)
    optimizer = fabric.setup_optimizers(run.optimizer)
    first = fabric.is_global_zero
    with TrainingLog(out, run.progress.history) if first else nullcontext() as log:
        for epoch in range(run.progress.epoch, until):
            started = time.perf_counter()
            row = _one_epoch(run, model, optimizer, batches, epoch, watch)
            if log is not None:
                _finish_epoch(run, data, out, epoch, row, log)
                watch(Scored.of(log.history, until, time.perf_counter() - started))
            fabric.barrier()
        if log is not None and run.loss.has_teacher:
            row = log.history[-1]
            loss3, constant = row["loss_features"], row.get("loss_features_constant", math.nan)
            say(f"loss3 {loss3:.3f}; of a student that says the same of every face {constant:.3f}")
    return out / BEST_FILE if first else None


def _start(
    fabric: Fabric,
    recipe: Recipe,
    name: str,
    start: Start,
    batches: TrainBatches,
    offset: FiveOffset | None,
    resumed: bool,
) -> _Run:
    settings = recipe.part(OptimizerSettings)
    if settings.bn == "held" or (settings.bn == "auto" and start.goes_on):
        settings = settings.model_copy(update={"freeze_bn": 1.0})
    learner = make_learner(recipe, start, fabric.device)
    if not resumed:
        learner.prepare(crops.to(fabric.device) for crops in spread_crops(batches.store, AXES_FACES, 128))
        learner.to_training(_holds(settings, 0))
        # Changed as in training, but in ways that no epoch of it sees.
        views = islice(batches.epoch(settings.epochs), -(-AXES_FACES // batches.batch))
        with fabric.autocast():
            learner.begin((view.to(fabric.device).crops for view in views), read_beside(recipe.init))
    net = learner.net.config
    loss = JointLoss(
        recipe.part(LossSettings), net, fabric.device,
        has_teacher=recipe.teacher is not None, five_offset=offset, carried=start.factors,
    )  # fmt: skip
    ema = AveragedWeights(learner.net, settings.ema)
    header = CheckpointHeader(
        name=name,
        net=net,
        crop=CropRule(size=net.size).as_dict(),
        recipe=recipe.shareable(),
        five_offset=offset,
        weights_licence=licence_of(recipe),
    )
    optimizer = make_optimizer(learner, settings)
    return _Run(fabric, settings, learner, optimizer, ema, loss, header, _Progress())


def _one_epoch(
    run: _Run,
    model: Callable[[Tensor], Any],
    optimizer: Any,
    batches: TrainBatches,
    epoch: int,
    watch: Watch,
) -> dict[str, Any]:
    """Train one epoch; returns its log row."""
    settings, fabric = run.settings, run.fabric
    held = _holds(settings, epoch)
    run.learner.to_training(held)
    sums = torch.zeros(len(_LOSSES), device=fabric.device)
    started = time.perf_counter()
    for i, host_batch in enumerate(batches.epoch(epoch)):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(settings, epoch * len(batches) + i, len(batches))
        batch = host_batch.to(fabric.device)
        with fabric.autocast():
            answer = run.learner.teacher_answer(batch.crops)
        terms = run.loss(model(batch.crops), batch, answer)
        if not run.loss.settled:
            _balance(run, terms)
        total = run.loss.total(terms)
        fabric.backward(total)
        if settings.clip:
            nn.utils.clip_grad_norm_(run.learner.parameters(), settings.clip)
        optimizer.step()
        optimizer.zero_grad()
        run.ema.update(run.learner.net)
        sums += torch.stack([t.detach() for t in (total, *vars(terms).values())])
        rate = (i + 1) * batches.batch / (time.perf_counter() - started)
        watch(Step(epoch, i + 1, len(batches), settings.epochs, float(total.detach()), rate))
    seconds = time.perf_counter() - started
    means = _mean_of_all(fabric, sums / len(batches))
    if not torch.isfinite(means).all():
        raise UserError(
            f"the loss of epoch {epoch + 1} is not finite; lower learning_rate, or --precision 32-true"
        )
    losses = dict(zip(_LOSSES, means.tolist(), strict=True))
    logged = [name for name in losses if run.loss.has_teacher or name not in _OF_TEACHER]
    return {
        "epoch": epoch + 1,
        **{name: round(losses[name], 7) for name in logged},
        **{f"factor_{name}": value for name, value in run.loss.used_factors.items()},
        "bn_held": held,
        "learning_rate": optimizer.param_groups[0]["lr"],
        "seconds": round(seconds, 2),
        "faces_per_second": round(len(batches) * batches.batch / seconds, 1),
        "waited_share": round(batches.waited / seconds, 4),
    }


def _balance(run: _Run, terms: LossTerms) -> None:
    """Bring the losses to one size, as the whole batch tells, and say so once it is settled."""
    own = torch.stack([t.detach() for t in vars(terms).values()])
    run.loss.factors = run.loss.balance(LossTerms(*_mean_of_all(run.fabric, own)))
    if run.loss.settled and run.fabric.is_global_zero and (told := run.loss.told()):
        say(f"factors of the losses: {told}")


def _mean_of_all(fabric: Fabric, values: Tensor) -> Tensor:
    """The mean over all processes that share the batches."""
    means = fabric.all_reduce(values, reduce_op="mean")
    assert isinstance(means, Tensor)
    return means


def _holds(settings: OptimizerSettings, epoch: int) -> bool:
    """Whether an epoch learns with the statistics that the deployed net will have."""
    return epoch >= settings.epochs * (1 - settings.freeze_bn)


def _save(path: Path, net: KeypointNet, header: CheckpointHeader, learner: Learner) -> None:
    save_checkpoint(path, net, header)
    save_beside(path, learner.to_carry())


def _finish_epoch(
    run: _Run, data: TrainingData, out: Path, epoch: int, row: dict[str, Any], log: TrainingLog
) -> None:
    """Score the averaged weights, write checkpoints and state; the first process alone does."""
    averaged = build_net(run.learner.net.config).to(run.fabric.device)
    averaged.load_state_dict(run.ema.state)
    row |= validate(run.learner.for_validation(averaged), data.validation, run.header.five_offset)
    log.add(row)
    history = {**row, "five_offset": run.header.five_offset, "faces": data.train.size}
    header = run.header.model_copy(update={"history": history, "factors": run.loss.factors})
    if row["nme"] < run.progress.best:
        run.progress.best = row["nme"]
        _save(out / BEST_FILE, averaged, header, run.learner)
    _save(out / LAST_FILE, averaged, header, run.learner)
    factors = run.loss.factors.model_dump() if run.loss.factors else None
    run.progress = _Progress(epoch + 1, run.progress.best, factors, log.history)
    save_state(out / STATE_FILE, run.learner, run.ema, run.optimizer, asdict(run.progress))
