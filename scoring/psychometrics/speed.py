"""Was there time enough? How far people came in a form, and how much of the score is speed.

A place counts as reached unless its mark says not reached. Places are in the order of the form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide
from scoring.psychometrics.responses import NOT_REACHED, ResponseMatrix

Floats = NDArray[np.float64]
MOST_PLACES, MOST_PEOPLE = 0.75, 0.80  # Swineford's (1956) rule of an unspeeded test


@dataclass(frozen=True)
class Speededness:
    """``reached``: (J,), share who came to each place. ``finished``: share who came to the last.
    ``got_most``: share who came to three quarters. ``place``: how many places four in five people
    reached. ``quotient``: not reached among all that earned nothing, Stafford (1971).
    ``variance_ratio``: variance of the number not reached over that of the number that earned
    nothing, Gulliksen (1950).
    """

    reached: Floats
    finished: float
    got_most: float
    place: int
    quotient: float
    variance_ratio: float

    @property
    def is_speeded(self) -> bool:
        """Whether it fails the usual rule: all get to three quarters, four in five to the end."""
        return bool(self.got_most < 1 and self.finished < MOST_PEOPLE)


def speededness(matrix: ResponseMatrix, scored: ScoredMatrix) -> Speededness:
    """Measure it from the marks of a form. NaN where nobody was given an item."""
    unreached = matrix.codes == NOT_REACHED
    reached = 1 - matrix.share_marked(NOT_REACHED)
    late, lost = unreached.sum(axis=1), (scored.credit == 0).sum(axis=1)
    people, places = matrix.codes.shape
    enough = int(np.ceil(MOST_PLACES * places))
    return Speededness(
        reached=reached,
        finished=float(reached[-1]) if places else float("nan"),
        got_most=float((places - late >= enough).mean()) if people else float("nan"),
        place=int((reached >= MOST_PEOPLE).sum()),
        quotient=_ratio(late.sum(), lost.sum()),
        variance_ratio=_ratio(late.var(), lost.var()) if people else float("nan"),
    )


def _ratio(above: float, below: float) -> float:
    return float(divide(np.array([above], float), np.array([below], float))[0])
