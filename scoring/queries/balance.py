"""Do sheets equal people: by centre, by room and in all, with the equation of each."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.models import Centre
from scheduling.models import Registration, RoomSession, Sitting
from scoring.models import MissingSheet
from scoring.queries.intake import explained
from scoring.queries.people import Sitter, sitters
from scoring.queries.responses import sheets_of

PARTS: Final[dict[str, str | Promise]] = {
    "handed_in": _("handed in"),
    "left": _("withdrew or sent out"),
    "open": _("still inside by the list"),
    "absent": _("absent"),
    "refused": _("refused at the door"),
    "unknown": _("nothing on the list"),
}
PART_OF: Final = {
    "submitted": "handed_in",
    "withdrawn": "left",
    "disqualified": "left",
    "absent": "absent",
    "refused": "refused",
    "": "unknown",
    "expected": "unknown",
}
CAME: Final = ("handed_in", "left", "open")


@dataclass
class Count:
    """People and sheets of one room, one centre, or everywhere."""

    parts: Counter[str] = field(default_factory=Counter)
    sheets: int = 0
    missing: int = 0
    extra: int = 0

    def add(self, who: Sitter, *, has_sheet: bool) -> None:
        self.parts[PART_OF.get(who.state, "open")] += 1
        self.sheets += has_sheet
        self.missing += who.present and not has_sheet
        self.extra += has_sheet and not who.present

    @property
    def booked(self) -> int:
        return self.parts.total()

    @property
    def present(self) -> int:
        return sum(self.parts[part] for part in CAME)

    @property
    def away(self) -> int:
        return self.booked - self.present

    @property
    def balances(self) -> bool:
        return not self.missing and not self.extra

    @property
    def named_parts(self) -> list[tuple[str | Promise, int]]:
        """The parts that add up to everybody with a seat; those of nobody are left out."""
        return [(name, self.parts[part]) for part, name in PARTS.items() if self.parts[part]]


@dataclass(frozen=True)
class RoomLine:
    """One room session that does not balance, or one of a centre that was opened."""

    name: str
    count: Count


@dataclass(frozen=True)
class CentreLine:
    """One centre with its rooms; `bar` and `gap` are widths out of 100."""

    centre: Centre
    count: Count
    rooms: list[RoomLine]

    @property
    def uneven(self) -> list[RoomLine]:
        return [room for room in self.rooms if not room.count.balances]

    @property
    def bar(self) -> float:
        return round(100 * self.count.sheets / max(self.count.booked, 1), 2)

    @property
    def present_bar(self) -> float:
        return round(100 * self.count.present / max(self.count.booked, 1), 2)


@dataclass(frozen=True)
class OddPerson:
    """Somebody present without a sheet, or with one and not present."""

    who: Sitter
    registration: Registration
    room: str
    found: MissingSheet | None


@dataclass(frozen=True)
class Balance:
    """The whole balance of a sitting."""

    total: Count
    centres: list[CentreLine]
    missing: list[OddPerson]
    extra: list[OddPerson]


def balance(sitting: Sitting) -> Balance:
    """Count people and sheets of a sitting by room, centre and in all."""
    people = sitters(sitting)
    handed = set(sheets_of(sitting).values_list("registration_id", "form__paper_id"))
    total, by_room = Count(), defaultdict[int, Count](Count)
    missing: list[Sitter] = []
    extra: list[Sitter] = []
    for who in people:
        has_sheet = (who.registration_id, who.paper_id) in handed
        for count in (total, by_room[who.room_session_id]):
            count.add(who, has_sheet=has_sheet)
        if who.present != has_sheet:
            (missing if who.present else extra).append(who)
    rooms = {room.pk: room for room in _rooms(by_room)}
    return Balance(
        total,
        _centres(by_room, rooms),
        _odd(missing, rooms, explained(sitting)),
        _odd(extra, rooms, {}),
    )


def _rooms(keys: Iterable[int]) -> Iterable[RoomSession]:
    return RoomSession.objects.filter(pk__in=list(keys)).select_related(
        "room__building__centre", "exam_session"
    )


def _name(room: RoomSession) -> str:
    return f"{room.room.building.code} {room.room.code} ({room.exam_session.number})"


def _full_name(room: RoomSession) -> str:
    return f"{room.room.building.centre} {_name(room)}"


def _centres(by_room: dict[int, Count], rooms: dict[int, RoomSession]) -> list[CentreLine]:
    lines: dict[int, CentreLine] = {}
    ordered = sorted(rooms.values(), key=lambda r: (r.exam_session.number, r.room.code))
    for room in ordered:
        centre, count = room.room.building.centre, by_room[room.pk]
        line = lines.setdefault(centre.pk, CentreLine(centre, Count(), []))
        line.rooms.append(RoomLine(_name(room), count))
        line.count.parts.update(count.parts)
        line.count.sheets += count.sheets
        line.count.missing += count.missing
        line.count.extra += count.extra
    return sorted(lines.values(), key=lambda line: line.centre.code)


def _odd(
    people: list[Sitter],
    rooms: dict[int, RoomSession],
    found: dict[tuple[int, int], MissingSheet],
) -> list[OddPerson]:
    keys = [who.registration_id for who in people]
    rows = Registration.objects.filter(pk__in=keys).select_related("candidate").in_bulk()
    return [
        OddPerson(
            who,
            rows[who.registration_id],
            _full_name(rooms[who.room_session_id]),
            found.get((who.registration_id, who.paper_id)),
        )
        for who in people
    ]
