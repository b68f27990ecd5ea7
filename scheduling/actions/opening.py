"""Which rooms take part in a sitting, and how many places of each kind they offer."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from centres.common.audit import record
from centres.models import Room, Seat, SeatKind, User
from scheduling.errors import NoRoomsToOpen, RoomsAlreadyOpen
from scheduling.models import AccessClass, RoomSession, SeatPool, Sitting


@transaction.atomic
def open_rooms(*, sitting: Sitting, rooms: Iterable[Room], by: User | None, at: datetime) -> int:
    """Open these rooms in every exam session of the sitting, and count their places by class.

    A place belongs to one access class. Of the ordinary chairs that are reached without a step a
    few are kept for those who need one; the rest serve everybody. Returns how many room sessions
    there are now. Raises RoomsAlreadyOpen and NoRoomsToOpen.
    """
    Sitting.objects.select_for_update().get(pk=sitting.pk)
    sessions = list(sitting.exam_sessions.all())
    if RoomSession.objects.filter(exam_session__in=sessions).exists():
        raise RoomsAlreadyOpen
    opened = list(rooms)
    if not opened or not sessions:
        raise NoRoomsToOpen
    RoomSession.objects.bulk_create(
        [RoomSession(room=room, exam_session=session) for session in sessions for room in opened],
        batch_size=2000,
    )
    places = _places(opened)
    SeatPool.objects.bulk_create(
        SeatPool(
            centre_id=centre, exam_session=session, access_class=access, capacity=counted[access]
        )
        for session in sessions
        for centre, counted in places.items()
        for access in AccessClass.values
    )
    record("open_rooms", target=sitting, by=by, at=at, rooms=len(opened))
    return len(opened) * len(sessions)


def kept_step_free(chairs: int) -> int:
    """How many of a centre's ordinary chairs are kept for people who cannot climb stairs."""
    return max(2, round(0.006 * chairs))


def _places(rooms: Iterable[Room]) -> dict[int, Counter[str]]:
    """Places of each access class by centre."""
    places: dict[int, Counter[str]] = defaultdict(Counter)
    reachable: Counter[int] = Counter()
    seats = Seat.objects.filter(room__in=[room.pk for room in rooms], is_usable=True)
    for centre, step_free, kind, separate, interpreter in seats.values_list(
        "room__building__centre_id", "room__step_free", "kind", "room__is_separate",
        "room__has_interpreter",
    ):  # fmt: skip
        access = _class_of(kind, is_separate=separate, has_interpreter=interpreter)
        places[centre][access] += 1
        reachable[centre] += access == AccessClass.STANDARD and step_free
    for centre, counted in places.items():
        kept = min(kept_step_free(counted[AccessClass.STANDARD]), reachable[centre])
        counted[AccessClass.STEP_FREE] = kept
        counted[AccessClass.STANDARD] -= kept
    return places


def _class_of(kind: str, *, is_separate: bool, has_interpreter: bool) -> AccessClass:
    """The class a chair is counted in: what is scarce is kept for those who need it."""
    if is_separate:
        return AccessClass.SEPARATE
    if kind == SeatKind.STANDARD:
        return AccessClass.SIGN_LANGUAGE if has_interpreter else AccessClass.STANDARD
    return AccessClass.WHEELCHAIR if kind == SeatKind.WHEELCHAIR else AccessClass.MAGNIFIER
