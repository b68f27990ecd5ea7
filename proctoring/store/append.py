"""append_many: dedupe, number, chain, project; one transaction for everything that arrived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db import transaction

from proctoring.live.chain import Entry, canonical, entry_text, link
from proctoring.live.events import Event, Fact, Refused, numbered
from proctoring.live.room import conflicted, step
from proctoring.live.state import RoomState
from proctoring.live.view import touched_bookings
from proctoring.queries.ledger import Head, Remembered, caught_up, remember
from proctoring.store import tables
from proctoring.store.planning import differs, left_behind, plans

# Rules that a device may have broken only because it had not yet heard the news.
NEWS_CAN_EXPLAIN: Final = frozenset(
    {"not_from_here", "not_from_phase", "room_closed", "seat_taken", "late", "not_last"}
)


class Answer(NamedTuple):
    """What a sender is told of one fact. `seq` 0 means refused, and `code` says why.

    An accepted fact whose `code` is not empty was kept as a conflict.
    """

    id: str
    room: int
    seq: int
    repeated: bool = False
    code: str = ""
    facts: Mapping[str, Any] = {}


class Moved(NamedTuple):
    """A room that moved in this transaction: what was written, and the room after it."""

    room: int
    head: Head
    events: list[Event]
    state: RoomState


class Written(NamedTuple):
    answers: list[Answer]
    moved: list[Moved]


@dataclass(slots=True)
class _Ledger:
    """One room while its transaction runs."""

    room: int
    head: Head
    state: RoomState
    events: list[Event] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def just_began(self) -> bool:
        return bool(self.events) and self.events[0].seq == 1

    def append(self, fact: Fact, recv: int) -> str:
        """Write one fact; the code of the conflict it became, or Refused."""
        event = numbered(fact, self.state.seq + 1, recv)
        code = ""
        try:
            state = step(self.state, event)
        except Refused as refused:
            if not _is_conflict(self.state, fact, refused.code):
                raise
            code = refused.code
            state = conflicted(self.state, event, code)
        self._chain(event)
        self.state = state
        return code

    def _chain(self, event: Event) -> None:
        body = canonical(event.body)
        entry = Entry(
            event.seq, event.id, event.type, body, event.at, event.recv, event.actor, event.role,
            event.device, event.dseq, event.base, "",
        )  # fmt: skip
        hash_ = link(self.head.hash, entry_text(self.room, entry))
        self.head = Head(event.seq, hash_)
        self.events.append(event)
        self.rows.append((self.room, *entry[:-1], hash_))


def _is_conflict(state: RoomState, fact: Fact, code: str) -> bool:
    """Whether a refused fact must be kept: its device decided before the news reached it."""
    if code not in NEWS_CAN_EXPLAIN or fact.base < 0:
        return False
    seat = state.seats.get(fact.body.get("booking", 0))
    return fact.base < (seat.last if seat is not None and seat.last else state.seq)


def append_many(facts: Sequence[Fact], *, recv: int | None) -> Written:
    """Write facts into the ledgers of their rooms, in the order given; one transaction.

    `recv` is the server's time in milliseconds; None for a day played back, where each fact is
    received when it happened. A repeated (room, id) gets its first answer. A ledger that does
    not exist yet begins with the people expected. The rooms must exist.
    Costs 0.03 to 0.1 ms an event; groups of several thousand over several rooms are cheapest.
    """
    with transaction.atomic():
        ledgers = _open({fact.room for fact in facts}, recv, facts)
        known, numbers = _known(facts, ledgers), _reused(facts)
        answers = [_answer(ledgers[f.room], f, recv, known, numbers) for f in facts]
        moved = [ledger for ledger in ledgers.values() if ledger.rows]
        _write(moved)
    for ledger in moved:
        remember(ledger.room, Remembered(ledger.head, ledger.state))
    return Written(answers, [Moved(m.room, m.head, m.events, m.state) for m in moved])


Known = dict[tuple[int, str], int]


def _open(asked: set[int], recv: int | None, facts: Sequence[Fact]) -> dict[int, _Ledger]:
    opening = {fact.room for fact in facts if fact.type == "room.open"}
    rooms = sorted(asked | left_behind(opening) if opening else asked)
    heads = tables.lock_heads(rooms)
    states = caught_up(heads)
    ledgers = {room: _Ledger(room, head, states[room].state) for room, head in heads.items()}
    blank = [room for room in rooms if not heads[room].seq]
    if blank:
        _begin(ledgers, blank, recv, facts)
    if opening:
        _amend([ledgers[room] for room in rooms if heads[room].seq], recv, facts)
    return ledgers


def _begin(
    ledgers: dict[int, _Ledger], blank: list[int], recv: int | None, facts: Sequence[Fact]
) -> None:
    """A ledger begins with who is expected, before anything a device has to say."""
    at = _plan_time(recv, facts)
    for room, plan in plans(blank, at).items():
        ledgers[room].append(plan, plan.at)


def _amend(ledgers: Sequence[_Ledger], recv: int | None, facts: Sequence[Fact]) -> None:
    """A plan made before the room opened, as bookings are now; also of rooms people left."""
    unopened = {ledger.room: ledger for ledger in ledgers if ledger.state.phase == "planned"}
    for room, plan in plans(sorted(unopened), _plan_time(recv, facts)).items():
        if differs(unopened[room].state, plan):
            unopened[room].append(plan, plan.at)


def _plan_time(recv: int | None, facts: Sequence[Fact]) -> int:
    return min(fact.at for fact in facts) if recv is None else recv


def _known(facts: Sequence[Fact], ledgers: Mapping[int, _Ledger]) -> Known:
    """Numbers given before to ids among these facts; a ledger just begun knows none."""
    asked = [(fact.room, fact.id) for fact in facts if not ledgers[fact.room].just_began]
    return tables.known_ids(asked)


def _reused(facts: Sequence[Fact]) -> dict[tuple[int, int], str]:
    """The ids stored before under the device numbers of these facts."""
    numbers = [(f.device, f.dseq) for f in facts if f.device is not None and f.dseq is not None]
    return tables.known_device_numbers(numbers)


def _answer(
    ledger: _Ledger, fact: Fact, recv: int | None, known: Known, numbers: dict[tuple[int, int], str]
) -> Answer:
    key = (fact.room, fact.id)
    if seq := known.get(key):
        return _repeat(ledger, fact, seq)
    if not _own_number(fact, numbers):
        return Answer(fact.id, fact.room, 0, code="number_reused")
    try:
        code = ledger.append(fact, fact.at if recv is None else recv)
    except Refused as refused:
        return Answer(fact.id, fact.room, 0, code=refused.code, facts=refused.facts)
    known[key] = ledger.head.seq
    return Answer(fact.id, fact.room, ledger.head.seq, code=code)


def _own_number(fact: Fact, numbers: dict[tuple[int, int], str]) -> bool:
    """Whether the device gave its number to this fact alone."""
    if fact.device is None or fact.dseq is None:
        return True
    return numbers.setdefault((fact.device, fact.dseq), fact.id) == fact.id


def _repeat(ledger: _Ledger, fact: Fact, seq: int) -> Answer:
    code = dict(ledger.state.conflicts).get(seq, "")
    return Answer(fact.id, fact.room, seq, repeated=True, code=code)


def _write(moved: Sequence[_Ledger]) -> None:
    """Entries first, then everything computed from them, each row once."""
    tables.put(tables.EVENTS, [row for ledger in moved for row in ledger.rows])
    tables.put(tables.HEADS, [tables.head_row(m.room, m.head, m.state) for m in moved])
    tables.clear_attendances([ledger.room for ledger in moved if _is_planned_anew(ledger)])
    tables.put(
        tables.ATTENDANCES,
        [
            tables.attendance_row(ledger.room, ledger.state.seats[booking])
            for ledger in moved
            for booking in _touched(ledger)
        ],
    )
    tables.put(tables.INCIDENTS, [row for ledger in moved for row in _incidents(ledger)])


def _is_planned_anew(ledger: _Ledger) -> bool:
    return any(event.type == "room.plan" for event in ledger.events)


def _touched(ledger: _Ledger) -> Iterable[int]:
    """The bookings whose row must be written: all of them when the plan is new."""
    seats = ledger.state.seats
    if _is_planned_anew(ledger):
        return seats
    return touched_bookings(ledger.state, ledger.events) & seats.keys()


def _incidents(ledger: _Ledger) -> list[tuple[Any, ...]]:
    if not any(event.type.startswith("incident.") for event in ledger.events):
        return []
    known = {event.id for event in ledger.events}
    known |= {event.body["incident"] for event in ledger.events if "incident" in event.body}
    incidents = ledger.state.incidents
    return [tables.incident_row(ledger.room, incidents[i]) for i in known & incidents.keys()]
