"""What a candidate is told: the facts of one result, and how they lie in a results book.

Knows no model, so that a result can be answered from the book alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from centres.common.i18n import in_language

BOOK_PEPPER = "results book/pepper"  # the purpose of the key under which results are found
SCORED, ABSENT, HELD = "scored", "absent", "held"


@dataclass(frozen=True)
class PaperFacts:
    """What all results of one paper share: its names, its scale and cut, and the whole country."""

    name_th: str
    name_en: str
    low: int
    high: int
    cut: int
    scored: int
    passed: int

    @property
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)

    @property
    def pass_rate(self) -> float:
        """Percent of those with a score who passed."""
        return 100 * self.passed / self.scored if self.scored else 0.0

    @property
    def scored_text(self) -> str:
        return f"{self.scored:,}"

    @property
    def passed_text(self) -> str:
        return f"{self.passed:,}"


@dataclass(frozen=True)
class Edition:
    """What all results of one publication share."""

    sitting_th: str
    sitting_en: str
    version: int
    released_at: datetime
    cause: str
    papers: tuple[PaperFacts, ...]

    @property
    def sitting(self) -> str:
        return in_language(self.sitting_th, self.sitting_en)

    def to_bytes(self) -> bytes:
        """As it lies in the preface of a book."""
        papers = [list(vars(paper).values()) for paper in self.papers]
        moment = self.released_at.isoformat()
        plain = [self.sitting_th, self.sitting_en, self.version, moment, self.cause, papers]
        return _packed(plain)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        sitting_th, sitting_en, version, moment, cause, papers = json.loads(data)
        found = tuple(PaperFacts(*paper) for paper in papers)
        return cls(sitting_th, sitting_en, version, datetime.fromisoformat(moment), cause, found)


@dataclass(frozen=True)
class Mark:
    """What one person has in one paper; figures only where the outcome is a score.

    `band_low` to `band_high`: the score and one standard error of measurement on either side.
    """

    outcome: str
    score: int | None = None
    band_low: int | None = None
    band_high: int | None = None
    passed: bool | None = None


@dataclass(frozen=True)
class Personal:
    """What one person alone is told: the name, and a mark for each paper of the edition."""

    name_th: str
    name_en: str
    marks: tuple[Mark, ...]

    @property
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)

    def to_bytes(self) -> bytes:
        """As it lies in the body of a book."""
        marks = [list(vars(mark).values()) for mark in self.marks]
        return _packed([self.name_th, self.name_en, marks])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        name_th, name_en, marks = json.loads(data)
        return cls(name_th, name_en, tuple(Mark(*mark) for mark in marks))


def _packed(plain: Sequence[Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


CHART_LEFT, CHART_RIGHT = 8.0, 332.0  # of the drawing on the result page, in its own units


@dataclass(frozen=True)
class PaperResult:
    """One paper on the result page: the facts and where they stand in the drawing."""

    paper: PaperFacts
    mark: Mark

    @property
    def margin(self) -> int:
        """Points above the cut, or missing to it: never negative."""
        return abs((self.mark.score or 0) - self.paper.cut)

    def _x(self, score: int | None) -> float:
        span = self.paper.high - self.paper.low
        share = ((score or 0) - self.paper.low) / span
        return round(CHART_LEFT + share * (CHART_RIGHT - CHART_LEFT), 1)

    @property
    def x_score(self) -> float:
        return self._x(self.mark.score)

    @property
    def x_cut(self) -> float:
        return self._x(self.paper.cut)

    @property
    def x_band(self) -> float:
        return self._x(self.mark.band_low)

    @property
    def band_width(self) -> float:
        return round(self._x(self.mark.band_high) - self.x_band, 1)

    @property
    def x_label(self) -> float:
        """Where the words above the ring stand: never over the edge of the drawing."""
        return min(max(self.x_score, 45.0), 295.0)


@dataclass(frozen=True)
class Result:
    """Everything the result page shows of one person."""

    edition: Edition
    personal: Personal

    @property
    def papers(self) -> list[PaperResult]:
        pairs = zip(self.edition.papers, self.personal.marks, strict=True)
        return [PaperResult(paper, mark) for paper, mark in pairs]

    @property
    def verdict(self) -> str:
        """`held` if anything is held back, `absent` if nothing was sat, else `passed` or not."""
        outcomes = [mark.outcome for mark in self.personal.marks]
        if HELD in outcomes:
            return HELD
        if all(outcome == ABSENT for outcome in outcomes):
            return ABSENT
        return "passed" if all(mark.passed for mark in self.personal.marks) else "not_passed"
