"""The wishes page without a script: a list in hidden fields, and buttons that change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from centres.common.thai import whole_number
from centres.models import Centre
from scheduling.actions.registrations import MOST_WISHES
from scheduling.models import ExamSession

Place = tuple[Centre, ExamSession | None]


@dataclass(frozen=True)
class WishList:
    """The places a candidate has listed so far, best first, and which one was just moved."""

    places: tuple[Place, ...]
    moved: int | None = None

    @property
    def is_full(self) -> bool:
        return len(self.places) >= MOST_WISHES

    def written(self) -> list[str]:
        """The places as `read_places` reads them again."""
        return [f"{centre.pk}:{session.pk if session else ''}" for centre, session in self.places]

    def up(self, index: int) -> "WishList":
        """The place one rank higher."""
        return self._swapped(index - 1, index) if index else self

    def down(self, index: int) -> "WishList":
        """The place one rank lower."""
        return self._swapped(index + 1, index) if index + 1 < len(self.places) else self

    def without(self, index: int) -> "WishList":
        return WishList(self.places[:index] + self.places[index + 1 :])

    def with_place(self, place: Place) -> "WishList":
        """The place as the last wish, unless it is listed already or the list is full."""
        if self.is_full or place in self.places:
            return self
        return WishList((*self.places, place), len(self.places))

    def _swapped(self, to: int, index: int) -> "WishList":
        places = list(self.places)
        places[to], places[index] = places[index], places[to]
        return WishList(tuple(places), to)


def read_place(
    text: str, centres: Mapping[int, Centre], sessions: Mapping[int, ExamSession]
) -> Place | None:
    """A place from `centre:session`, where the session may be empty; None for anything else."""
    centre, _colon, session = text.partition(":")
    here, then = centres.get(whole_number(centre)), sessions.get(whole_number(session))
    if here is None or (session and then is None):
        return None
    return here, then


def read_places(
    texts: Sequence[str], centres: Mapping[int, Centre], sessions: Mapping[int, ExamSession]
) -> tuple[Place, ...]:
    """The listed places; whatever is none is left out."""
    found = (read_place(text, centres, sessions) for text in texts[:MOST_WISHES])
    return tuple(place for place in found if place is not None)
