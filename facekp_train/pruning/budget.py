"""The widths that meet a budget with the least total error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from facekp_train.pruning.cost import CostModel
from facekp_train.pruning.groups import Group
from facekp_train.pruning.scores import Ranking
from facekp_train.pruning.settings import Budget

Widths = dict[str, int]
"""Channels that stay, by group name."""

_STEP = 8
_FACTORS = {"MB": 1e6, "MMACs": 1e6, "ms": 1.0}


def widths_within(
    budget: Budget,
    groups: Sequence[Group],
    rankings: Mapping[str, Ranking],
    cost: CostModel,
    milliseconds: Callable[[Widths], float] | None = None,
) -> Widths:
    """Widths, multiples of 8, that meet a budget with little summed normalized error.

    Channels go eight at a time, always where the error grows least for what is saved, looking ahead past
    steps that cost much to those after them that cost little. What is then left of the budget is given
    back where it mends most, and eight channels change places between groups as long as that helps. For
    a budget in `ms` the same path, by multiply-accumulates, is halved again and again with
    `milliseconds` as the measure, about ten times.

    Args:
        budget: the limit.
        groups: what can become narrower.
        rankings: each group's errors, by its name.
        cost: of the net with other widths.
        milliseconds: measures widths; for a budget in `ms`.

    Returns:
        Channels that stay, by group name.

    Raises:
        ValueError: where even the narrowest net is over the budget, or one in `ms` comes without a
            measure.
    """
    search = _Search(groups, rankings, cost, use_bytes=budget.unit == "MB")
    if budget.unit == "ms":
        if milliseconds is None:
            raise ValueError("a budget in ms needs a way to measure")
        return _first_within(budget, search.path(), milliseconds)
    limit = budget.amount * _FACTORS[budget.unit]
    fitting = next((widths for widths in search.path() if search.cost(widths) <= limit), None)
    if fitting is None:
        least = search.cost(search.path()[-1]) / _FACTORS[budget.unit]
        raise ValueError(_out_of_reach(budget, least))
    return search.improved(search.refilled(fitting, limit), limit)


def _first_within(budget: Budget, path: list[Widths], milliseconds: Callable[[Widths], float]) -> Widths:
    if milliseconds(path[0]) <= budget.amount:
        return path[0]
    least = milliseconds(path[-1])
    if least > budget.amount:
        raise ValueError(_out_of_reach(budget, least))
    over, within = 0, len(path) - 1
    # 2 % of the path: a finer place would lie below the noise of the measurement.
    while within - over > max(1, len(path) // 50):
        middle = (over + within) // 2
        if milliseconds(path[middle]) <= budget.amount:
            within = middle
        else:
            over = middle
    return path[within]


def _out_of_reach(budget: Budget, least: float) -> str:
    return (
        f"the narrowest net of this scope takes {least:.3g} {budget.unit}, more than {budget}; "
        "raise --budget, or --scope all"
    )


class _Search:
    """Widths on their way from full to narrowest, by what each step costs in error."""

    def __init__(
        self, groups: Sequence[Group], rankings: Mapping[str, Ranking], cost: CostModel, use_bytes: bool
    ) -> None:
        self._groups = groups
        self._errors = {g.name: rankings[g.name].errors.tolist() for g in groups}
        self._cost, self._field = cost, 0 if use_bytes else 1
        self._path: list[Widths] = []

    def cost(self, widths: Widths) -> int:
        return self._cost(widths)[self._field]

    def path(self) -> list[Widths]:
        """Full widths first; each entry has eight channels (or an odd rest) less than the one before."""
        if not self._path:
            widths = {group.name: group.width for group in self._groups}
            self._path = [widths]
            while (step := self._cheapest_cut(widths)) is not None:
                widths = step
                self._path.append(widths)
        return self._path

    def improved(self, widths: Widths, limit: float) -> Widths:
        """One group gives eight channels up for others, as long as the total error falls by it."""
        while True:
            best, least = widths, self._total(widths) - 1e-12
            for group in self._groups:
                narrower = (widths[group.name] - 1) // _STEP * _STEP
                if narrower >= _STEP:
                    trial = self.refilled({**widths, group.name: narrower}, limit, but=group.name)
                    if self._total(trial) < least:
                        best, least = trial, self._total(trial)
            if best is widths:
                return widths
            widths = best

    def refilled(self, widths: Widths, limit: float, but: str = "") -> Widths:
        """Wider again where that still fits (`but` for one group), what mends most for its cost first."""
        while True:
            best, best_gain = None, 0.0
            now = self.cost(widths)
            for group in self._groups:
                wider = {**widths, group.name: min(group.width, widths[group.name] + _STEP)}
                spent = self.cost(wider) - now
                gain = self._error(group, widths) - self._error(group, wider)
                if group.name != but and 0 < spent <= limit - now and gain / spent > best_gain:
                    best, best_gain = wider, gain / spent
            if best is None:
                return widths
            widths = best

    def _total(self, widths: Widths) -> float:
        return sum(self._error(group, widths) for group in self._groups)

    def _error(self, group: Group, widths: Widths) -> float:
        return self._errors[group.name][group.width - widths[group.name]]

    def _cheapest_cut(self, widths: Widths) -> Widths | None:
        best, best_price = None, float("inf")
        now = self.cost(widths)
        for group in self._groups:
            width = widths[group.name]
            narrower = (width - 1) // _STEP * _STEP
            if narrower < _STEP:
                continue
            cut = {**widths, group.name: narrower}
            saved = (now - self.cost(cut)) / (width - narrower)
            price = self._steepness(group, width) / saved
            if price < best_price:
                best, best_price = cut, price
        return best

    def _steepness(self, group: Group, width: int) -> float:
        """Least error per channel over all cuts from here: the slope of the lower convex hull."""
        errors = self._errors[group.name]
        gone = group.width - width
        targets = range((width - 1) // _STEP * _STEP, 0, -_STEP)
        return min((errors[group.width - w] - errors[gone]) / (width - w) for w in targets)
