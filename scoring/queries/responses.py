"""Whether every sheet is accounted for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from scheduling.models import RoomSession, Sitting
from scoring.models import AnswerSheet, ResponseException
from scoring.queries.people import Sitter, sitters


@dataclass(frozen=True)
class RoomCount:
    """The counts of one room session. `missing`: present without a sheet; `extra`: the reverse."""

    room_session_id: int
    present: int
    absent: int
    sheets: int
    missing: int
    extra: int

    @property
    def balances(self) -> bool:
        return not self.missing and not self.extra


@dataclass(frozen=True)
class Reconciliation:
    """booked = present + absent; sheets = present - missing + extra. By room and in total."""

    rooms: tuple[RoomCount, ...]
    waiting: int
    missing_registrations: tuple[int, ...]
    extra_registrations: tuple[int, ...]

    @property
    def present(self) -> int:
        return sum(room.present for room in self.rooms)

    @property
    def absent(self) -> int:
        return sum(room.absent for room in self.rooms)

    @property
    def booked(self) -> int:
        return self.present + self.absent

    @property
    def sheets(self) -> int:
        return sum(room.sheets for room in self.rooms)

    @property
    def open_registrations(self) -> tuple[int, ...]:
        """Present without a sheet, and sheets of people who were not present."""
        return self.missing_registrations + self.extra_registrations

    @property
    def uneven_rooms(self) -> list[RoomCount]:
        """The rooms whose sheets do not equal the people who sat there."""
        return [room for room in self.rooms if not room.balances]


def sheets_of(sitting: Sitting) -> QuerySet[AnswerSheet]:
    """Every answer sheet taken in for a sitting."""
    return AnswerSheet.objects.filter(registration__sitting=sitting)


def waiting_exceptions(sitting: Sitting) -> QuerySet[ResponseException]:
    """Lines of the sitting's files that no person has decided yet."""
    return ResponseException.objects.filter(file__sitting=sitting, resolution="")


def reconciliation(sitting: Sitting, people: Iterable[Sitter] | None = None) -> Reconciliation:
    """Compare the sheets of a sitting with the people its room ledgers say were there."""
    people = list(sitters(sitting) if people is None else people)
    handed = set(sheets_of(sitting).values_list("registration_id", "form__paper_id"))
    missing = [who for who in people if who.present and _key(who) not in handed]
    extra = [who for who in people if not who.present and _key(who) in handed]
    return Reconciliation(
        rooms=_rooms(people, handed, missing, extra),
        waiting=waiting_exceptions(sitting).count(),
        missing_registrations=tuple(who.registration_id for who in missing),
        extra_registrations=tuple(who.registration_id for who in extra),
    )


def _key(who: Sitter) -> tuple[int, int]:
    return who.registration_id, who.paper_id


def _rooms(
    people: list[Sitter], handed: set[tuple[int, int]], missing: list[Sitter], extra: list[Sitter]
) -> tuple[RoomCount, ...]:
    def by_room(chosen: Iterable[Sitter]) -> Counter[int]:
        return Counter(who.room_session_id for who in chosen)

    booked = by_room(people)
    present = by_room(who for who in people if who.present)
    sheets = by_room(who for who in people if _key(who) in handed)
    lost, added = by_room(missing), by_room(extra)
    return tuple(
        RoomCount(room, present[room], seats - present[room], sheets[room], lost[room], added[room])
        for room, seats in sorted(booked.items())
    )


def room_names(rooms: Iterable[int]) -> dict[int, str]:
    """Centre, room and exam session of some room sessions, as a person would say them."""
    found = RoomSession.objects.filter(pk__in=list(rooms)).select_related(
        "room__building__centre", "exam_session"
    )
    return {
        row.pk: f"{row.room.building.centre} {row.room.code} ({row.exam_session.number})"
        for row in found
    }
