"""Who may do what in which room: read from roles and the roster of duties, never from a device."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Aggregate, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device as OneTimeCodes
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role, StaffRole, User
from proctoring.live.events import CHIEF, HEAD, HEADQUARTERS, OBSERVER, PROCTOR
from proctoring.models import Device, Ticket
from scheduling.models import Duty, RoomSession

FEW: Final = 300
# What of an account ends its sessions when it changes.
ACCOUNT: Final = ("password", "session_epoch")


def room_role(user: Any, room: int) -> str | None:
    """In which role a person acts in a room session, or None for a stranger."""
    if not user.is_authenticated:
        return None
    return room_roles({(user.pk, room)}).get((user.pk, room))


def room_roles(asked: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The role of each of these (person, room session): hq, chief, head, proctor or observer.

    A person without a right in a room is not in it. Three questions, however many are asked.
    Whoever stands higher acts in the higher role. Where the roster names no head of a room,
    each of its proctors is.
    """
    people, rooms = {who for who, _room in asked}, {room for _who, room in asked}
    centres = dict(
        RoomSession.objects.filter(pk__in=rooms).values_list("pk", "room__building__centre")
    )
    held: defaultdict[int, set[tuple[str, int | None]]] = defaultdict(set)
    for who, name, centre in StaffRole.objects.filter(
        user__in=people, user__is_active=True
    ).values_list("user", "role", "centre"):
        held[who].add((name, centre))
    heads: defaultdict[int, bool] = defaultdict(bool)
    duties: dict[tuple[int, int], bool] = {}
    for who, room, is_head in Duty.objects.filter(room_session__in=rooms).values_list(
        "proctor__user", "room_session", "is_head"
    ):
        duties[who, room] = is_head
        heads[room] |= is_head
    found = {}
    for who, room in asked:
        duty = duties.get((who, room))
        leads = duty is not None and (duty or not heads[room])
        if role := _role_at(centres.get(room), held[who], duty is not None, leads):
            found[who, room] = role
    return found


def _role_at(
    here: int | None, held: Collection[tuple[str, int | None]], serves: bool, leads: bool
) -> str:
    """The highest role that what a person holds gives him in a room of the centre `here`."""
    if here is None:
        return ""
    if (Role.HEADQUARTERS, None) in held:
        return HEADQUARTERS
    if (Role.CHIEF, here) in held:
        return CHIEF
    if serves and ((Role.PROCTOR, here) in held or (Role.PROCTOR, None) in held):
        return HEAD if leads else PROCTOR
    if (Role.OBSERVER, here) in held or (Role.OBSERVER, None) in held:
        return OBSERVER
    return ""


def board_role(user: Any, centre: int | None) -> str | None:
    """Who may watch the board of a centre; centre None is the wall of all centres."""
    if not user.is_authenticated:
        return None
    held = _roles(user)
    if (Role.HEADQUARTERS, None) in held:
        return HEADQUARTERS
    if centre is not None and (Role.CHIEF, centre) in held:
        return CHIEF
    watches = (Role.OBSERVER, None) in held
    if centre is not None:
        watches = watches or (Role.OBSERVER, centre) in held
    return OBSERVER if watches else None


def _roles(user: User) -> set[tuple[str, int | None]]:
    return set(StaffRole.objects.filter(user=user).values_list("role", "centre"))


def is_verified(user: Any, session: Mapping[str, Any]) -> bool:
    """Whether this signed-in person also gave a one-time code in this session."""
    if not user.is_authenticated:
        return False
    named = session.get(DEVICE_ID_SESSION_KEY)
    device = OneTimeCodes.from_persistent_id(named) if named else None
    return device is not None and device.user_id == user.pk


def people_among(keys: Collection[int]) -> set[int]:
    """Those of these accounts that exist."""
    return set(User.objects.filter(pk__in=keys).values_list("pk", flat=True))


# --- sockets that stay open ----------------------------------------------------------------------


class Guest(NamedTuple):
    """Whom an open socket serves: the person, the session he came by, the device he greeted by.

    `proof` is the fingerprint his account had when his ticket was written; empty for a board.
    """

    user: int
    session: str
    device: int
    proof: str = ""


def is_still_in(user: Any, session: Mapping[str, Any], device: int = 0) -> bool:
    """Whether a person who came in by this session may stay: account, sign-in, code and device."""
    if not is_verified(user, session):
        return False
    now = User.objects.filter(pk=user.pk, is_active=True).first()
    if now is None or Device.objects.filter(pk=device, revoked_at__isnull=False).exists():
        return False
    key = getattr(session, "session_key", None)
    if key and not Session.objects.filter(session_key=key).exists():
        return False
    return session.get(HASH_SESSION_KEY) in (None, now.get_session_auth_hash())


def still_in(guests: Collection[Guest]) -> set[Guest]:
    """Those whose account, sign-in, one-time code and device still stand; four questions for all.

    For guests who came by a ticket: it was given in a session that had shown a one-time code.
    """
    people = {guest.user for guest in guests}
    with_code = set(
        TOTPDevice.objects.filter(user__in=people, confirmed=True).values_list("user", flat=True)
    )
    proofs = {
        user.pk: user.get_session_auth_hash()
        for user in User.objects.filter(pk__in=people & with_code, is_active=True)
    }
    sessions, revoked = _open_sessions(guests), _revoked(guests)
    return {
        guest
        for guest in guests
        if guest.proof and proofs.get(guest.user) == guest.proof
        and guest.session in sessions and guest.device not in revoked
    }  # fmt: skip


def _of(keys: set[Any], rows: QuerySet[Any], by: str, *wanted: str) -> Iterable[Any]:
    """These columns of the rows of these people; of few by name, of many by reading them all."""
    if len(keys) <= FEW:
        rows = rows.filter(**{f"{by}__in": keys})
    return (row for row in rows.values_list(by, *wanted).iterator(2000) if row[0] in keys)


def _open_sessions(guests: Collection[Guest]) -> set[str]:
    return {
        key for (key,) in _of({g.session for g in guests}, Session.objects.all(), "session_key")
    }


def _revoked(guests: Collection[Guest]) -> set[int]:
    gone = Device.objects.filter(revoked_at__isnull=False)
    return {device for (device,) in _of({guest.device for guest in guests}, gone, "pk")}


def rights_of(
    asked: Collection[tuple[Guest, tuple[int, ...]]],
) -> dict[tuple[Guest, tuple[int, ...]], dict[int, str]]:
    """The roles of guests in the rooms they hear; a guest who may not stay is not in it."""
    staying = still_in({guest for guest, _rooms in asked})
    roles = room_roles({(guest.user, room) for guest, rooms in asked for room in rooms})
    return {
        (guest, rooms): {room: roles.get((guest.user, room), "") for room in rooms}
        for guest, rooms in asked
        if guest in staying
    }


class Listed(Aggregate):
    """One text of all rows, put together by the database: no row becomes an object here."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, function="STRING_AGG", **more)


def rights_as_written() -> tuple[str, ...]:
    """All that the rights of ticket holders rest on, as six texts; equal texts, equal rights.

    Asked every second. Made of thousands of rows, and yet it keeps nobody waiting: the database
    does the work.
    """
    tickets = Ticket.objects.order_by()
    users = User.objects.filter(pk__in=tickets.values("user"))
    sessions = Session.objects.filter(pk__in=tickets.values("session_key"))
    asked: list[tuple[QuerySet[Any], tuple[str, ...]]] = [
        (users, ("pk", "is_active", *ACCOUNT)),
        (StaffRole.objects.all(), ("user", "role", "centre")),
        (Duty.objects.all(), ("proctor__user", "room_session", "is_head")),
        (TOTPDevice.objects.filter(confirmed=True), ("user",)),
        (sessions, ("pk",)),
        (Device.objects.filter(revoked_at__isnull=False), ("pk",)),
    ]
    return tuple(_listed(rows.order_by(), names) for rows, names in asked)


def _listed(rows: QuerySet[Any], names: tuple[str, ...]) -> str:
    text = TextField()
    fields = [Coalesce(Cast(name, text), Value("", text)) for name in names]
    parts = [part for field in fields for part in (field, Value(":", text))]
    return rows.aggregate(text=Listed(Concat(*parts)))["text"] or ""


def standings(guests: Collection[Guest]) -> dict[Guest, object]:
    """All that a guest's rights rest on, in six questions for all guests together.

    While a standing stays equal nothing that `still_in`, `is_still_in`, `room_roles` or
    `board_role` reads of that person has changed. In few words: thousands of names in a question
    cost more than the rows of those who are not here.
    """
    people = {guest.user for guest in guests}
    accounts = {
        who: marks
        for who, *marks in _of(people, User.objects.filter(is_active=True), "pk", *ACCOUNT)
    }
    held: defaultdict[int, list[object]] = defaultdict(list)
    for who, *role in _of(people, StaffRole.objects.all(), "user", "role", "centre"):
        held[who].append(role)
    duties = Duty.objects.order_by()
    for who, *duty in _of(people, duties, "proctor__user", "room_session", "is_head"):
        held[who].append(duty)
    with_code = {who for (who,) in _of(people, TOTPDevice.objects.filter(confirmed=True), "user")}
    sessions, revoked = _open_sessions(guests), _revoked(guests)
    return {
        guest: (
            accounts.get(guest.user), sorted(map(str, held[guest.user])), guest.session in sessions,
            guest.device in revoked, guest.user in with_code,
        )
        for guest in guests
    }  # fmt: skip
