"""Which rooms take part in a sitting, and how many places of each kind they offer."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from centres.common.audit import record
from centres.models import Room, Seat, SeatKind, User
from scheduling.errors import NoRoomsToOpen, RoomsAlreadyOpen
from scheduling.models import AccessClass, AllocationRun, RoomSession, SeatPool, Sitting


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


def use_opened(run: AllocationRun, at: datetime) -> None:
    """Use only the rooms that a plan opened, and count the places of those. Part of accepting."""
    opened = run.result.get("opened")
    if opened is None:
        return
    wanted = {(row["exam_session"], room) for row in opened for room in row["rooms"]}
    closed = [
        key
        for key, *place in RoomSession.objects.filter(
            exam_session__sitting=run.sitting_id
        ).values_list("pk", "exam_session_id", "room_id")
        if tuple(place) not in wanted
    ]
    RoomSession.objects.filter(pk__in=closed).update(shut_at=at)
    count_places(run.sitting)


@transaction.atomic
def use_again(*, room_session: RoomSession, by: User | None, at: datetime) -> None:
    """Use a room again in one exam session, for late people: its places count at once."""
    Sitting.objects.select_for_update().get(pk=room_session.exam_session.sitting_id)
    RoomSession.objects.filter(pk=room_session.pk).update(shut_at=None)
    count_places(room_session.exam_session.sitting)
    record("open_room_again", target=room_session, by=by, at=at)


def count_places(sitting: Sitting) -> None:
    """Every pool's capacity from the rooms in use; never fewer than are taken."""
    for session in sitting.exam_sessions.all():
        used = Room.objects.filter(
            room_sessions__in=RoomSession.objects.filter(exam_session=session, shut_at=None),
            is_open=True,
        )
        places = _places(list(used))
        pools = list(SeatPool.objects.select_for_update().filter(exam_session=session))
        reachable = {p.centre_id: p.taken for p in pools if p.access_class == AccessClass.STEP_FREE}
        for centre, counted in places.items():
            # Chairs kept for those who cannot climb stairs are ordinary ones too.
            kept = counted[AccessClass.STEP_FREE] if centre in reachable else 0
            more = max(kept, reachable.get(centre, 0)) - counted[AccessClass.STEP_FREE]
            counted[AccessClass.STEP_FREE] += more
            counted[AccessClass.STANDARD] -= more
        for pool in pools:
            places.setdefault(pool.centre_id, Counter())
            pool.capacity = max(places[pool.centre_id][pool.access_class], pool.taken)
            pool.save(update_fields=["capacity"])


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
