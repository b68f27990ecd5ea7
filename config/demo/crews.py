"""The people who watch: two proctors to every room, a chief to every centre, and their duties."""

from collections import defaultdict
from datetime import datetime

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import transaction

from centres.common.audit import record
from centres.models import Centre, Role, Room, StaffRole, User
from config.demo.founding import HOME
from config.demo.names import Names, thai_names
from scheduling.models import Duty, Proctor, RoomSession, Sitting

PER_ROOM = 2


@transaction.atomic
def found_crews(*, seed: int, at: datetime) -> None:
    """Hire whoever is missing; the first two proctors of the home centre are the visitor's."""
    if Proctor.objects.exists():
        return
    centres = list(Centre.objects.order_by("code"))
    rooms = dict.fromkeys((centre.pk for centre in centres), 0)
    for centre in Room.objects.values_list("building__centre_id", flat=True):
        rooms[centre] += 1
    posts = [(f"chief-{centre.code}", Role.CHIEF, centre) for centre in centres]
    posts += [
        (f"{centre.code}-{number:03}", Role.PROCTOR, centre)
        for centre in centres for number in range(1, PER_ROOM * rooms[centre.pk] + 1)
    ]  # fmt: skip
    users = _users([name for name, _role, _centre in posts], seed)
    StaffRole.objects.bulk_create(
        StaffRole(user=user, role=role, centre=centre)
        for user, (_name, role, centre) in zip(users, posts, strict=True)
        if not (role == Role.CHIEF and centre.code == HOME)  # the visitor is chief there
    )
    Proctor.objects.bulk_create(_at_home(_proctors(users, posts), seed))
    record("found_crews", target="demo", by=None, at=at, people=len(users))


def _users(usernames: list[str], seed: int) -> list[User]:
    """Accounts nobody can sign in to."""
    rng = np.random.default_rng([seed, 6])
    names: Names = thai_names(rng, rng.random(len(usernames)) < 0.6)
    closed = make_password(None)
    return User.objects.bulk_create(
        User(
            username=username,
            password=closed,
            name_th=f"{names.given_th[k]} {names.family_th[k]}",
            name_en=f"{names.given_en[k]} {names.family_en[k]}",
        )
        for k, username in enumerate(usernames)
    )


def _at_home(proctors: list[Proctor], seed: int) -> list[Proctor]:
    """Give everybody a home some kilometres from the centre: half within 12, few beyond 40."""
    away = np.random.default_rng([seed, 7]).normal(0, 0.09, (len(proctors), 2))  # degrees
    for proctor, (north, east) in zip(proctors, away.tolist(), strict=True):
        proctor.home_latitude = round(proctor.centre.latitude + north, 5)
        proctor.home_longitude = round(proctor.centre.longitude + east, 5)
    return proctors


def _proctors(users: list[User], posts: list[tuple[str, Role, Centre]]) -> list[Proctor]:
    home = Centre.objects.get(code=HOME)
    visitors = User.objects.filter(username__in=("proctor", "proctor2")).order_by("username")
    proctors = [Proctor(user=visitor, centre=home) for visitor in visitors]
    return proctors + [
        Proctor(user=user, centre=centre)
        for user, (_name, role, centre) in zip(users, posts, strict=True)
        if role == Role.PROCTOR
    ]


@transaction.atomic
def give_duties(sitting: Sitting, *, at: datetime) -> int:
    """Two proctors to every room session of the sitting: the same pair in a room all along."""
    if Duty.objects.filter(room_session__exam_session__sitting=sitting).exists():
        return 0
    free: dict[int, list[int]] = defaultdict(list)
    for key, centre in Proctor.objects.order_by("pk").values_list("pk", "centre_id"):
        free[centre].append(key)
    pairs: dict[int, list[int]] = {}
    duties = []
    sessions = RoomSession.objects.filter(exam_session__sitting=sitting).order_by("pk")
    for key, room, centre in sessions.values_list("pk", "room_id", "room__building__centre_id"):
        if room not in pairs:
            pairs[room], free[centre] = free[centre][:PER_ROOM], free[centre][PER_ROOM:]
        duties += [
            Duty(proctor_id=proctor, room_session_id=key, is_head=order == 0)
            for order, proctor in enumerate(pairs[room])
        ]
    Duty.objects.bulk_create(duties, batch_size=2000)
    record("give_duties", target=sitting, by=None, at=at, duties=len(duties))
    return len(duties)
