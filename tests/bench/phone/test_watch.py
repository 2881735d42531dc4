"""A phone is looked at no oftener than is needed: each look takes some of its time."""

from __future__ import annotations

import pytest

from android_bench.phone import watch
from android_bench.phone.parity import reference_of
from android_bench.phone.quick import QUICK
from android_bench.phone.watch import Watch
from android_bench.records.phone import State
from facekp_train.common.shipped import shipped_models_dir


def test_what_is_read_after_a_call_is_what_the_next_one_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(100))
    now = [0.0]
    monkeypatch.setattr(
        watch, "read_state", lambda phone, cpus: State.model_validate({"at": str(next(looks))})
    )
    monkeypatch.setattr(watch, "renew", lambda phone, seconds: None)
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    seen = Watch(None, 37.0, 1.0, print)  # type: ignore[arg-type]
    assert seen.cooled([7]).at == "0"
    assert seen.after([7]).at == "1"
    assert seen.cooled([7]).at == "1"
    assert seen.cooled([7]).at == "2", "once: something may have run since"
    assert (seen.after([7]).at, seen.cooled([4]).at) == ("3", "4"), "other cores have another governor"
    assert seen.after([7]).at == "5"
    now[0] = 10.0
    assert seen.cooled([7]).at == "6", "a while ago"


def test_a_first_look_compares_by_fewer_inputs() -> None:
    model = shipped_models_dir() / "mdp-0.25x" / "model_int8.tflite"
    few, all_ = reference_of(model, QUICK.inputs), reference_of(model)
    assert (few.count, all_.count) == (2, 8)
    assert all_.content.startswith(few.content)
