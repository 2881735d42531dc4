"""The predictor's fit: what it rests on, what it leaves out of its own judgement, how far it errs."""

from __future__ import annotations

import pytest

from android_bench.predict import fit
from android_bench.predict.socs import SOCS
from facekp_export.inference.layers import read_layers, total_macs
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.evaluation.published import published_phones


def test_the_processors_are_those_of_the_papers_phones() -> None:
    phones = published_phones()
    assert set(SOCS) == set(phones)
    for name, soc in SOCS.items():
        assert soc.ghz == pytest.approx(phones[name].cores[0][1], rel=0.03)
        assert soc.sources
    assert [soc.dot_product for soc in SOCS.values()] == [False, True, True]


@pytest.mark.parametrize(("net", "folder"), [("1X", "mdp-1x"), ("0.25X", "mdp-0.25x")])
def test_the_stored_nets_are_the_shipped_ones(net: str, folder: str) -> None:
    shipped = read_layers(shipped_models_dir() / folder / "model_float32.tflite")
    assert fit.paper_nets()[net] == shipped


def test_the_stored_resnet_is_whole() -> None:
    layers = fit.paper_nets()["ResNet-50"]
    assert total_macs(layers) == pytest.approx(1335e6, rel=0.01)
    assert sum(layer.operator == "CONV_2D" for layer in layers) == 53
    assert not any(layer.int8 for layer in layers)


def test_resnets_own_time_comes_out_and_a_net_of_nothing_costs_the_fixed_share() -> None:
    for soc in SOCS.values():
        assert fit.ms_of(soc, 1.0, fit.fixed_share()) == fit.paper_ms(soc.name, "ResNet-50")
        assert fit.ms_of(soc, 0.0, 0.25) == fit.paper_ms(soc.name, "ResNet-50") / 4


def test_the_fixed_share_is_the_one_of_least_squares() -> None:
    def loss(fixed: float) -> float:
        return sum(
            (
                fit.ms_of(soc, sum(fit.roofline_ms(soc, fit.paper_nets()[net])) / fit.full_ms(soc), fixed)
                / fit.paper_ms(soc.name, net)
                - 1
            )
            ** 2
            for soc in SOCS.values()
            for net in fit.JUDGED
        )

    best = fit.fixed_share()
    assert loss(best) < min(loss(best + 1e-3), loss(best - 1e-3))


def test_no_phone_judges_a_fit_that_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fit.judged()
    assert {(row.soc, row.net) for row in before} == {(soc, net) for soc in SOCS for net in fit.JUDGED}
    known = fit.paper_ms
    monkeypatch.setattr(
        fit,
        "paper_ms",
        lambda soc, net: known(soc, net) * (1 if net == fit.FITTED or soc != "kirin-980" else 9),
    )
    fit.judged.cache_clear()
    after = fit.judged()
    fit.judged.cache_clear()
    for old, new in zip(before, after, strict=True):
        assert (new.predicted_ms == old.predicted_ms) == (old.soc == "kirin-980")


def test_the_error_is_what_the_documents_say() -> None:
    errors = [row.error for row in fit.judged()]
    assert (round(min(errors), 2), round(max(errors), 2)) == (-0.25, 0.15)
    bare = [row.without_fixed for row in fit.judged()]
    assert (round(min(bare), 2), round(max(bare), 2)) == (-0.89, -0.73)
