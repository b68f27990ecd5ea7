"""Group commit on opening day: what arrived while the last commit ran is the next one.

One task and one database thread per process, so that SQLite has one writer and never polls for its
lock, and PostgreSQL one waiting transaction per process instead of one per person. Nobody hears an
answer before the commit that holds it is durable. The queue is bounded: beyond it the answer is an
honest "busy". No rule lives here: every act has one of its own, for many as for one.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, connections
from django.utils import timezone

from centres.common.errors import DomainError, NotYours
from centres.common.per_loop import PerLoop
from scheduling.actions.confirming import confirm_seats
from scheduling.actions.giving_back import Given, give_back_seats
from scheduling.actions.ground import Asked, Held, Shown
from scheduling.actions.holds import hold_seats, refused_by_database
from scheduling.actions.queue import join_many
from scheduling.actions.waiting import Wanted, join_list
from scheduling.booking_errors import TooBusy
from scheduling.models import QueuePlace, WaitingEntry
from scheduling.queries.askers import Asker, askers_of, seat_label, sittings_of

GROUP: Final = 256
CAPACITY: Final = 4_000
OF_ONE: Final = 8  # requests of one session that wait: a page sent twice, not a flood
log = logging.getLogger("sanamsob.booking")


class NotSignedIn(Exception):
    """The session of a request is nobody's, or nobody's who may book."""


class Act(Enum):
    """What can be asked for at the door, in the order in which a group is answered."""

    GIVE_BACK = auto()
    HOLD = auto()
    CONFIRM = auto()
    JOIN_LINE = auto()
    JOIN_LIST = auto()


class Knock(NamedTuple):
    """One request at the door: whose session, and what it wants.

    With a key it asks for a hold of the seat, without one to confirm that hold, with a booking to
    give it back; with a sitting for a place in line, and with a scope too for one on the waiting
    list.
    """

    session: str
    room_session: int = 0
    seat: int = 0
    key: UUID | None = None
    sitting: int | None = None
    booking: int | None = None
    scope: str | None = None
    centre: int = 0
    exam_session: int = 0
    within_km: int = 0

    @property
    def act(self) -> Act:
        if self.scope is not None:
            return Act.JOIN_LIST
        if self.sitting is not None:
            return Act.JOIN_LINE
        if self.booking is not None:
            return Act.GIVE_BACK
        return Act.CONFIRM if self.key is None else Act.HOLD


Answer = Held | QueuePlace | WaitingEntry | DomainError | NotSignedIn


class Grouper:
    """The one writer of holds of an event loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Knock, asyncio.Future[Answer]]] = deque()
        self._of: Counter[str] = Counter()  # how many of each session wait
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="booking")
        self._task = asyncio.ensure_future(self._run())

    async def answer(self, knock: Knock) -> Answer:
        """The durable answer to a request; TooBusy when too many wait already, or of his own."""
        if len(self._waiting) >= CAPACITY or self._of[knock.session] >= OF_ONE:
            return TooBusy()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((knock, answer))
        self._of[knock.session] += 1
        self._wake.set()
        try:
            return await answer
        finally:
            self._of[knock.session] -= 1
            if not self._of[knock.session]:
                del self._of[knock.session]

    async def close(self) -> None:
        """Finish what waits, then let the thread and its database connection go."""
        while self._waiting:
            await asyncio.sleep(0.01)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                group = self._next_group()
                knocks = [knock for knock, _answer in group]
                answers = await loop.run_in_executor(self._thread, answer_group, knocks)
                for (_knock, future), answer in zip(group, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)

    def _next_group(self) -> list[tuple[Knock, asyncio.Future[Answer]]]:
        size = min(GROUP, len(self._waiting))
        return [self._waiting.popleft() for _ in range(size)]


def answer_group(knocks: Sequence[Knock]) -> list[Answer]:
    """Answer all requests of a group, in the database thread, with at most five commits."""
    try:
        return _answer_together(knocks)
    except Exception:
        log.exception("a group of %d requests failed; each is tried alone", len(knocks))
        return [_answer_alone(knock) for knock in knocks]


def _answer_alone(knock: Knock) -> Answer:
    """After a failed commit: each request alone, so that one harms no neighbour."""
    try:
        return _answer_together([knock])[0]
    except IntegrityError as error:
        return refused_by_database(error, seat_label(knock.seat))
    except DatabaseError:
        log.exception("a request failed; its sender is told to repeat it")
        connection.close()
    except Exception:  # a fault of ours must not stop the queue behind it
        log.exception("a request could not be answered")
    return TooBusy()


def _answer_together(knocks: Sequence[Knock]) -> list[Answer]:
    at = timezone.now()
    askers = askers_of({knock.session for knock in knocks}, at)
    sittings = sittings_of({knock.room_session for knock in knocks if knock.room_session})
    answers: list[Answer] = [NotSignedIn()] * len(knocks)
    asked: dict[Act, list[tuple[int, Any]]] = defaultdict(list)
    for place, knock in enumerate(knocks):
        asker = askers.get(knock.session)
        if asker is None:
            continue
        registration = asker.registrations.get(knock.sitting or sittings.get(knock.room_session, 0))
        if registration is None:
            answers[place] = NotYours()
        else:
            asked[knock.act].append((place, _asked(knock, registration, asker)))
    for act in Act:
        if asked[act]:
            outcomes = _RULES[act]([one for _place, one in asked[act]], at=at)
            for (place, _one), outcome in zip(asked[act], outcomes, strict=True):
                answers[place] = outcome
    return answers


def _asked(knock: Knock, registration: int, asker: Asker) -> Any:
    """A request as its rule takes it."""
    match knock.act:
        case Act.GIVE_BACK:
            return Given(registration, knock.booking or 0, asker.user)
        case Act.HOLD:
            key = knock.key or UUID(int=0)
            return Asked(registration, knock.room_session, knock.seat, key, asker.user)
        case Act.CONFIRM:
            return Shown(registration, knock.room_session, knock.seat, asker.user)
        case Act.JOIN_LINE:
            return registration
    return Wanted(
        registration, knock.scope or "", knock.centre, knock.exam_session, knock.within_km,
        asker.user,
    )  # fmt: skip


_RULES: dict[Act, Callable[..., Sequence[Any]]] = {
    Act.GIVE_BACK: give_back_seats,
    Act.HOLD: hold_seats,
    Act.CONFIRM: confirm_seats,
    Act.JOIN_LINE: partial(join_many, by=None),
    Act.JOIN_LIST: join_list,
}


_groupers = PerLoop(Grouper)


def grouper() -> Grouper:
    """The grouper of the running loop."""
    return _groupers.here()


async def dismiss() -> None:
    """Let the grouper of the running loop finish and go."""
    if known := _groupers.taken():
        await known.close()
