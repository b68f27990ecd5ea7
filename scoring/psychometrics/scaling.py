"""From raw scores to the reported scale: monotone, bounded, and rounded once, half up.

Reported scores are whole numbers of the smallest reported step (hundredths, if two decimals are
reported), so that comparing one with the cut score is comparing integers. The cut applies to the
reported score, as the candidate sees it, and to nothing else.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SETTLED = Decimal("1e-9")  # binary fractions are settled here before halves are rounded up


@dataclass(frozen=True)
class Scale:
    """The reported scale: its ends, its decimals, and the cut score, all as printed."""

    lowest: Decimal
    highest: Decimal
    decimals: int
    cut: Decimal

    def __post_init__(self) -> None:
        if not self.lowest <= self.cut <= self.highest or self.lowest == self.highest:
            raise ValueError("The cut score is not between the lowest and the highest score.")
        for bound in (self.lowest, self.highest, self.cut):
            if bound != bound.quantize(self.smallest_step):
                raise ValueError(f"{bound} has more than {self.decimals} decimals.")

    @property
    def smallest_step(self) -> Decimal:
        """One unit of the last reported place."""
        return Decimal(1).scaleb(-self.decimals)

    def steps(self, score: Decimal) -> int:
        """A reported score as a whole number of smallest steps."""
        return int(score.scaleb(self.decimals))


@dataclass(frozen=True)
class ScoreTable:
    """What each raw score is worth. ``unrounded``: (K + 1,). ``steps``: (K + 1,), as reported."""

    scale: Scale
    unrounded: Floats
    steps: NDArray[np.int64]

    def reported(self, raw: int) -> Decimal:
        """The reported score of one raw score."""
        return Decimal(int(self.steps[raw])).scaleb(-self.scale.decimals)

    def passes(self, raw: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N,): whether the reported score of each raw score reaches the cut."""
        reached: NDArray[np.bool_] = self.steps[raw] >= self.scale.steps(self.scale.cut)
        return reached

    @property
    def lowest_passing(self) -> int | None:
        """The lowest raw score that passes; None if none does."""
        passing = np.flatnonzero(self.passes(np.arange(len(self.steps))))
        return int(passing[0]) if len(passing) else None


@dataclass(frozen=True)
class Anchors:
    """The line of the scale through two points: a score of the base form, and what it is worth."""

    first_raw: Decimal
    first_scaled: Decimal
    second_raw: Decimal
    second_scaled: Decimal

    def __post_init__(self) -> None:
        if self.slope <= 0:
            raise ValueError("A higher raw score must be worth more.")

    @property
    def slope(self) -> Decimal:
        """Scaled points for one raw point."""
        if self.first_raw == self.second_raw:
            raise ValueError("Two different raw scores are needed.")
        return (self.second_scaled - self.first_scaled) / (self.second_raw - self.first_raw)


def score_table(equated: Floats, anchors: Anchors, scale: Scale) -> ScoreTable:
    """Scale the equated scores of one form, (K + 1,), and round them for report.

    ``equated``: equivalents on the base form of raw score 0 to K; raw scores themselves for the
    base form. A dip left by equating is levelled to the score below it, so that no raw point costs
    anything; then bounds, then rounding, once and half up.
    """
    if not np.isfinite(equated).all():
        raise ValueError("An equated score does not exist.")
    scaled = [
        anchors.first_scaled + (_settled(value) - anchors.first_raw) * anchors.slope
        for value in np.maximum.accumulate(equated)
    ]
    bounded = [min(max(value, scale.lowest), scale.highest) for value in scaled]
    rounded = [scale.steps(round_half_up(value, scale.decimals)) for value in bounded]
    return ScoreTable(
        scale=scale,
        unrounded=np.array(scaled, np.float64),
        steps=np.array(rounded, np.int64),
    )


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """Halves go up; what floating point left beyond nine decimals is settled first."""
    settled = value.quantize(_SETTLED, ROUND_HALF_UP)
    return settled.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _settled(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(_SETTLED, ROUND_HALF_UP)
