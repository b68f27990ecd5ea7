"""Anderson acceleration of a fixed-point iteration. Walker & Ni (2011), SIAM J. Numer. Anal. 49."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_MEMORY = 5
_LONGEST_STEP = 2.0


class Anderson:
    """Proposes the next point from the last few points and what one plain step did to each."""

    def __init__(self) -> None:
        self._points: list[Floats] = []
        self._steps: list[Floats] = []

    def forget(self) -> None:
        """Start again, after a proposal that did harm."""
        self._points, self._steps = [], []

    def propose(self, point: Floats, image: Floats) -> Floats:
        """The next point; the plain image while there is no history or the proposal is wild."""
        step = (image - point).ravel()
        self._points = [*self._points, point.ravel()][-_MEMORY - 1 :]
        self._steps = [*self._steps, step][-_MEMORY - 1 :]
        if len(self._points) < 2:
            return image
        step_changes = np.diff(np.stack(self._steps, axis=1), axis=1)
        point_changes = np.diff(np.stack(self._points, axis=1), axis=1)
        mix = np.linalg.lstsq(step_changes, step, rcond=1e-10)[0]
        move = step - (point_changes + step_changes) @ mix
        if not np.isfinite(move).all() or np.abs(move).max() > _LONGEST_STEP:
            return image
        return point + move.reshape(point.shape)
