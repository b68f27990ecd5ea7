"""Two forms of one paper: did the items they share behave alike?"""

from dataclasses import dataclass

import numpy as np

from scoring.psychometrics.delta_plot import FAR, DeltaPlot, delta_plot
from scoring.queries.form_figures import CommonItem


@dataclass(frozen=True)
class Drift:
    """The items two forms share, each with its distance from what ability explains."""

    items: list[tuple[CommonItem, float | None, bool]]
    plot: DeltaPlot
    limit: float = FAR

    @property
    def drifted(self) -> list[CommonItem]:
        return [item for item, _distance, far in self.items if far]


def form_drift(items: list[CommonItem]) -> Drift:
    """Lay the shared items out by difficulty in both forms."""
    first, second = (
        np.array([np.nan if p is None else p for p in shares], np.float64)
        for shares in ([one.first.p for one in items], [one.second.p for one in items])
    )
    plot = delta_plot(first, second)
    rows = [
        (item, float(distance) if np.isfinite(distance) else None, bool(far))
        for item, distance, far in zip(items, plot.distance, plot.far, strict=True)
    ]
    return Drift(rows, plot)
