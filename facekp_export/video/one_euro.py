"""The One-Euro filter: smooths a noisy signal much while it rests and little while it moves.

After G. Casiez, N. Roussel, D. Vogel, "1 EUR Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012, https://doi.org/10.1145/2207676.2208639, algorithm 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from facekp_train.landmarks import Doubles, Floats


@dataclass(frozen=True)
class OneEuro:
    """How strongly to smooth; the measurements behind the defaults are in docs/results/video.md.

    A unit of speed is one `scale` of the call (for faces: one face's side) a second.

    Attributes:
        min_cutoff: cut-off frequency of a signal at rest, in Hz; lower means steadier and later.
        beta: by how many Hz the cut-off rises for each unit of speed; higher means less lag.
        speed_cutoff: cut-off frequency of the estimated speed, in Hz.

    Raises:
        ValueError: for cut-offs that are not positive, a negative beta, or what is not finite.
    """

    min_cutoff: float = 1.0
    beta: float = 40.0
    speed_cutoff: float = 3.0

    def __post_init__(self) -> None:
        numbers = self.min_cutoff, self.beta, self.speed_cutoff
        if (
            not all(map(math.isfinite, numbers))
            or min(self.min_cutoff, self.speed_cutoff) <= 0
            or self.beta < 0
        ):
            raise ValueError(f"a One-Euro filter needs positive cut-offs and a beta of 0 or more, not {self}")


class OneEuroFilter:
    """Smooths an array over time, each number by itself.

    Args:
        settings: how strongly.

    Source:
        G. Casiez, N. Roussel, D. Vogel, CHI 2012, https://doi.org/10.1145/2207676.2208639, algorithm 1.
    """

    def __init__(self, settings: OneEuro) -> None:
        self.settings = settings
        self._seconds = 0.0
        self._value: Doubles | None = None
        self._speed: Doubles = np.zeros(0)

    def smooth(self, values: Floats, seconds: float, scale: float = 1.0) -> Doubles:
        """The smoothed values at a time.

        Args:
            values: of any shape, the same in every call; the first come back as they are.
            seconds: later than those of the last call.
            scale: the length, in the unit of the values, that makes one unit of speed.

        Returns:
            float64 of the same shape.

        Raises:
            ValueError: where the time does not advance or the shape changes.
        """
        values = np.asarray(values, np.float64)
        if self._value is None:
            self._seconds, self._value, self._speed = seconds, values.copy(), np.zeros_like(values)
            return values.copy()
        passed = seconds - self._seconds
        if not passed > 0:
            raise ValueError(f"time must advance: {seconds} s after {self._seconds} s")
        if values.shape != self._value.shape:
            raise ValueError(f"the filter began with values {self._value.shape}, and now gets {values.shape}")
        speed = (values - self._value) / (passed * scale)
        self._speed += _weight(self.settings.speed_cutoff, passed) * (speed - self._speed)
        cutoff = self.settings.min_cutoff + self.settings.beta * np.abs(self._speed)
        self._value = self._value + _weight(cutoff, passed) * (values - self._value)
        self._seconds = seconds
        return self._value.copy()


def _weight(cutoff: Floats | float, passed: float) -> Floats | float:
    """Of a new value in an exponential low-pass, from its cut-off in Hz and the seconds since the last."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * passed))
