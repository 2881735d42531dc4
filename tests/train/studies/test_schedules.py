"""No training of a study stops before its rate has fallen."""

from __future__ import annotations

from typing import Any

import pytest

from facekp_train.studies.methods import SPENDINGS, Cut, Methods, Spending
from facekp_train.training.optimizer import rate_at
from facekp_train.training.recipe import make_recipe


@pytest.mark.parametrize("spending", SPENDINGS.values(), ids=list(SPENDINGS))
def test_every_training_reaches_its_final_rate(spending: Spending) -> None:
    methods = Methods(spending)
    for method in (methods.joint(), methods.distilled(), methods.pruned(Cut(0.5)), methods.trained_small()):
        own = {"epochs": spending.epochs, **method.settings}
        settings: dict[str, Any] = {"data": ["mtfl:somewhere"], **spending.settings, **own}
        recipe = make_recipe(spending.recipe, settings, [])
        steps = 39
        last = rate_at(recipe, recipe.epochs * steps - 1, steps)
        assert last == pytest.approx(recipe.final_rate, abs=recipe.learning_rate / 100), method.name
