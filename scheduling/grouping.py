"""Group commit on opening day: what arrived while the last commit ran is the next one.

One task and one database thread per process, so that SQLite has one writer and never polls for its
lock, and PostgreSQL one waiting transaction per process instead of one per person. Nobody hears an
answer before the commit that holds it is durable. The queue is bounded: beyond it the answer is an
honest "busy". No rule lives here; `hold_seats`, `confirm_many` and `join_many` are the rules.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, connections
from django.utils import timezone

from centres.common.errors import DomainError, NotYours
from scheduling.actions.bookings import confirm_many
from scheduling.actions.ground import Asked, Held, Shown
from scheduling.actions.holds import hold_seats, refused_by_database
from scheduling.actions.queue import join_many
from scheduling.booking_errors import TooBusy
from scheduling.models import QueuePlace
from scheduling.queries.askers import askers_of, seat_label, sittings_of

GROUP: Final = 256
CONFIRMS: Final = 32  # of a group: each writes a fee and a letter, and others wait for their seat
CAPACITY: Final = 4_000
OF_ONE: Final = 8  # requests of one session that wait: a page sent twice, not a flood
log = logging.getLogger("sanamsob.booking")


class NotSignedIn(Exception):
    """The session of a request is nobody's, or nobody's who may book."""


class Knock(NamedTuple):
    """One request at the door: whose session, and what it wants.

    With a key it asks for a hold of the seat, without one to confirm that hold; with a sitting
    alone, for a place in line.
    """

    session: str
    room_session: int = 0
    seat: int = 0
    key: UUID | None = None
    sitting: int | None = None

    @property
    def confirms(self) -> bool:
        """Whether it confirms a seat that is held."""
        return self.key is None and self.sitting is None


Answer = Held | QueuePlace | DomainError | NotSignedIn


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
        group, confirms = [self._waiting.popleft()], 0
        while self._waiting and len(group) < GROUP and confirms < CONFIRMS:
            group.append(self._waiting.popleft())
            confirms += group[-1][0].confirms
        return group


def answer_group(knocks: Sequence[Knock]) -> list[Answer]:
    """Answer all requests of a group, in the database thread, with at most three commits."""
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
    holds: list[tuple[int, Asked]] = []
    confirms: list[tuple[int, Shown]] = []
    joins: list[tuple[int, int]] = []
    for place, knock in enumerate(knocks):
        asker = askers.get(knock.session)
        if asker is None:
            continue
        registration = asker.registrations.get(knock.sitting or sittings.get(knock.room_session, 0))
        if registration is None:
            answers[place] = NotYours()
        elif knock.sitting is not None:
            joins.append((place, registration))
        elif knock.key is None:
            shown = Shown(registration, knock.room_session, knock.seat, asker.user)
            confirms.append((place, shown))
        else:
            asked = Asked(registration, knock.room_session, knock.seat, knock.key, asker.user)
            holds.append((place, asked))
    _fill(answers, holds, confirms, joins, at)
    return answers


def _fill(
    answers: list[Answer],
    holds: Sequence[tuple[int, Asked]],
    confirms: Sequence[tuple[int, Shown]],
    joins: Sequence[tuple[int, int]],
    at: datetime,
) -> None:
    if holds:
        outcomes = hold_seats([asked for _place, asked in holds], at=at)
        for (place, _asked), outcome in zip(holds, outcomes, strict=True):
            answers[place] = outcome
    if confirms:
        outcomes = confirm_many([shown for _place, shown in confirms], at=at)
        for (place, _shown), outcome in zip(confirms, outcomes, strict=True):
            answers[place] = outcome
    if joins:
        places = join_many([registration for _place, registration in joins], by=None, at=at)
        for (place, _registration), joined in zip(joins, places, strict=True):
            answers[place] = joined


_groupers: dict[asyncio.AbstractEventLoop, Grouper] = {}


def grouper() -> Grouper:
    """The grouper of the running loop."""
    loop = asyncio.get_running_loop()
    for old in [known for known in _groupers if known.is_closed()]:
        del _groupers[old]
    if loop not in _groupers:
        _groupers[loop] = Grouper()
    return _groupers[loop]


async def dismiss() -> None:
    """Let the grouper of the running loop finish and go."""
    known = _groupers.pop(asyncio.get_running_loop(), None)
    if known is not None:
        await known.close()
