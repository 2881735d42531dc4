"""Losses against the formulas written out."""

from __future__ import annotations

import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.batches.loader import Batch
from facekp_train.networks.checkpoint import LossFactors
from facekp_train.networks.keypoint_net import NetConfig, Prediction
from facekp_train.training.distill import constant_loss
from facekp_train.training.learner import TeacherAnswer
from facekp_train.training.losses import (
    JointLoss,
    LossSettings,
    LossTerms,
    coordinate_errors,
    heatmap_loss,
    heatmap_targets,
    masked_mean,
)
from facekp_train.training.recipe import make_recipe


@given(st.floats(-1, 1), st.floats(0.02, 0.3), st.floats(0.001, 0.05))
def test_wing_loss_is_the_papers_formula(difference: float, width: float, curvature: float) -> None:
    """Feng et al. 2018, equation 5."""
    distance = abs(torch.tensor(difference).item())
    if distance < width:
        expected = width * math.log(1 + distance / curvature)
    else:
        expected = distance - (width - width * math.log(1 + width / curvature))
    settings = LossSettings(loss="wing", wing=(width, curvature))
    loss = coordinate_errors(torch.tensor([difference]), torch.zeros(1), settings)
    assert loss.item() == pytest.approx(expected, rel=1e-3, abs=1e-6)


@given(st.floats(-1, 1), st.floats(0.002, 0.05), st.floats(0.06, 0.3), st.floats(0.001, 0.05))
def test_soft_wing_loss_is_the_papers_formula(difference: float, start: float, height: float, e: float):
    """Lin et al. 2021: |d| up to w1, a logarithm from there on, and no step between."""
    distance = abs(torch.tensor(difference).item())
    if distance < start:
        expected = distance
    else:
        expected = height * math.log(1 + distance / e) + start - height * math.log(1 + start / e)
    settings = LossSettings(loss="soft-wing", soft_wing=(start, height, e))
    loss = coordinate_errors(torch.tensor([difference]), torch.zeros(1), settings)
    assert loss.item() == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_heatmap_targets_peak_at_the_keypoint() -> None:
    """A keypoint at a map pixel's centre gives 1 there and exp(-d^2 / 2 sigma^2) at distance d."""
    keypoints = torch.tensor([[[(10 + 0.5) / 32, (20 + 0.5) / 32]]])
    maps = heatmap_targets(keypoints, 32, 32, sigma=1.5)[0, 0]
    assert maps[20, 10].item() == pytest.approx(1)
    assert maps[23, 14].item() == pytest.approx(math.exp(-(3**2 + 4**2) / (2 * 1.5**2)), rel=1e-4)


def test_masked_mean_counts_labelled_points_alone() -> None:
    errors = torch.tensor([[[1.0, 3.0], [100.0, 100.0]], [[5.0, 7.0], [9.0, 11.0]]])
    mask = torch.tensor([[True, False], [True, True]])
    assert masked_mean(errors, mask).item() == pytest.approx((1 + 3 + 5 + 7 + 9 + 11) / 6)
    assert masked_mean(errors, torch.zeros(2, 2, dtype=torch.bool)).item() == 0


def test_heatmap_loss_ignores_unlabelled_maps() -> None:
    predicted, target = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    predicted[0, 1] = 0.5
    known = torch.tensor([[True, False]])
    assert heatmap_loss(predicted, target, known).item() == 0
    assert heatmap_loss(predicted, target, ~known).item() == pytest.approx(0.25)


def batch_of(five_known: bool, points_known: bool) -> Batch:
    shape = (4, 68, 2)
    return Batch(
        torch.zeros(4, 3, 8, 8, dtype=torch.uint8),
        torch.rand(shape),
        torch.rand(4, 5, 2),
        torch.full((4, 68), points_known),
        torch.full((4, 5), five_known),
    )


def test_five_points_teach_a_net_of_many() -> None:
    """Gradient reaches the 68 points through the five, and only those that the five are made of."""
    loss = JointLoss(LossSettings(), NetConfig(), torch.device("cpu"), has_teacher=False)
    keypoints = torch.rand(4, 68, 2, requires_grad=True)
    loss(Prediction(keypoints), batch_of(five_known=True, points_known=False)).regression.backward()
    assert keypoints.grad is not None
    moved = set(keypoints.grad.abs().sum((0, 2)).nonzero().flatten().tolist())
    assert moved == {*range(36, 48), 30, 48, 54}


@pytest.mark.parametrize("points", [19, 21, 29, 98])
def test_five_points_teach_a_net_of_any_scheme_that_implies_them(points: int) -> None:
    loss = JointLoss(LossSettings(), NetConfig(points=points), torch.device("cpu"), has_teacher=False)
    batch = batch_of(five_known=True, points_known=False)
    batch.points, batch.points_known = torch.rand(4, points, 2), torch.zeros(4, points, dtype=torch.bool)
    assert loss(Prediction(torch.rand(4, points, 2)), batch).regression > 0


def taught_terms(*settings: str, carried: LossFactors | None = None) -> tuple[JointLoss, LossTerms]:
    recipe = make_recipe("paper", {"data": ["mtfl:x"]}, list(settings))
    loss = JointLoss(
        recipe.part(LossSettings), NetConfig(), torch.device("cpu"), has_teacher=True, carried=carried
    )
    student = Prediction(torch.rand(4, 68, 2), torch.rand(4, 68, 32, 32), torch.rand(4, 16))
    return loss, loss(student, batch_of(True, True), TeacherAnswer(torch.rand(4, 16), torch.rand(4, 68, 2)))


def test_balance_makes_all_losses_of_one_size() -> None:
    loss, terms = taught_terms()
    factors = loss.balance(terms)
    assert factors.heatmap is not None
    assert factors.heatmap * terms.heatmap.item() == pytest.approx(terms.regression.item(), rel=1e-5)
    assert factors.features is not None
    constant = factors.features * terms.features_constant.item()
    assert constant == pytest.approx(2 * terms.regression.item(), rel=1e-5)


def test_a_constant_student_pays_what_the_batch_says_of_one() -> None:
    """Told from batches of 8, without the 1/8 by which a batch's own mean is too good."""
    answers = torch.randn(4000, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7)
    told = torch.stack([constant_loss(batch) for batch in answers.split(8)]).mean()
    assert told.item() == pytest.approx((answers - answers.mean(0)).square().mean().item(), rel=2e-2)
    assert constant_loss(answers[:1]).item() == 0


def test_factors_are_set_or_carried_on_or_chosen() -> None:
    """In this order, each by itself; those that were carried on stay whatever the losses are."""
    both = LossFactors(heatmap=3, features=4)
    assert taught_terms(carried=both)[0].told() == ""
    for settings, carried, wanted in (
        ([], both, "heatmap x 3 (carried on), features x 4 (carried on)"),
        (["distill_factor=5"], LossFactors(heatmap=3), "heatmap x 3 (carried on), features x 5 (set)"),
        (
            ["heatmap_factor=0"],
            LossFactors(heatmap=3, features=4),
            "heatmap x 0 (set), features x 4 (carried on)",
        ),
        (["heatmap_factor=2"], None, r"heatmap x 2 (set), features x [\d.]+ (chosen on the first batch)"),
    ):
        loss, terms = taught_terms(*settings, carried=carried)
        loss.factors = loss.balance(terms)
        assert loss.settled
        assert re.fullmatch(wanted.replace("(", r"\(").replace(")", r"\)"), loss.told())


def test_a_net_without_a_teacher_keeps_its_factor_of_features_for_the_next() -> None:
    carried = LossFactors(features=4)
    loss = JointLoss(LossSettings(), NetConfig(), torch.device("cpu"), has_teacher=False, carried=carried)
    prediction = Prediction(torch.rand(4, 68, 2), torch.rand(4, 68, 32, 32))
    loss.factors = loss.balance(loss(prediction, batch_of(True, True)))
    assert loss.factors.features == 4 and loss.used_factors.keys() == {"heatmap"}


def test_a_batch_without_heatmaps_does_not_switch_them_off() -> None:
    """Where few faces have all keypoints, the first batches may hold none of them."""
    loss = JointLoss(LossSettings(), NetConfig(), torch.device("cpu"), has_teacher=False)
    prediction = Prediction(torch.rand(4, 68, 2), torch.rand(4, 68, 32, 32))
    for points_known in (False, True):
        terms = loss(prediction, batch_of(five_known=True, points_known=points_known))
        loss.factors = loss.balance(terms)
        assert loss.settled is points_known
        assert torch.isfinite(loss.total(terms))
    assert loss.factors == loss.balance(terms)
    assert loss.factors is not None and loss.factors.heatmap


def test_a_net_without_heatmaps_is_settled_at_once() -> None:
    loss = JointLoss(LossSettings(), NetConfig(heatmap_width=0), torch.device("cpu"), has_teacher=False)
    loss.factors = loss.balance(loss(Prediction(torch.rand(4, 68, 2)), batch_of(True, True)))
    assert loss.settled


def test_loss_t_is_lambda_dp_times_loss_plus_loss3() -> None:
    """Sections 3.4 and 3.5 written out, with every weight different from 1."""
    settings = ["lambda_rh=2", "lambda_dp=3", "heatmap_factor=5", "distill_factor=7", "output_weight=11"]
    loss, terms = taught_terms(*settings)
    loss.factors = loss.balance(terms)
    joint = 2 * terms.regression + 5 * terms.heatmap
    expected = 3 * joint + 7 * terms.features + 11 * terms.outputs
    assert loss.total(terms).item() == pytest.approx(expected.item(), rel=1e-6)
    assert terms.outputs.item() > 0
