"""Registrations and their wishes as arrays."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
from django.db.models import QuerySet

from scheduling.allocation.problem import Flags, Floats, Ints, Journeys, Ranks, great_circle
from scheduling.allocation.seating import NO_INSTITUTION
from scheduling.models import AccessClass, Need, NeedKind, Registration, TakenPaper, Wish

ACCESS = tuple(AccessClass.values)


class People:
    """Registrations in the order of their numbers, as arrays of n."""

    def __init__(self, registrations: QuerySet[Registration]) -> None:
        rows = list(
            registrations.order_by("number").values_list(
                "pk",
                "number",
                "access_class",
                "home_latitude",
                "home_longitude",
                "institution__code",
                "wished_at",
                "registered_at",
                "extra_minutes",
            )
        )
        place = {name: index for index, name in enumerate(ACCESS)}
        self.keys = np.array([row[0] for row in rows], np.int64)
        self.numbers = np.array([int(row[1]) for row in rows], np.int64)
        self.access = np.array([place[row[2]] for row in rows], np.int64)
        self.latitude = np.array([row[3] for row in rows], np.float64)
        self.longitude = np.array([row[4] for row in rows], np.float64)
        self.extra_minutes = np.array([row[8] for row in rows], np.int64)
        needs = Need.objects.filter(registration__in=registrations, kind=NeedKind.FRONT_ROW)
        in_front = np.array(list(needs.values_list("registration_id", flat=True)), np.int64)
        self.in_front = np.isin(self.keys, in_front)
        self.institution = _numbered(row[5] for row in rows)
        self.arrival = _by_arrival((row[6] or row[7]) for row in rows)


def takes_of(people: People, papers: Sequence[int], registrations: QuerySet[Registration]) -> Flags:
    """Which of the papers (keys) each takes, (n, Q): all, where nothing is said of him."""
    takes = np.zeros((len(people.keys), len(papers)), bool)
    if len(papers) > 1:
        row_at = {key: row for row, key in enumerate(people.keys.tolist())}
        paper_at = {key: paper for paper, key in enumerate(papers)}
        said = TakenPaper.objects.filter(registration__in=registrations, paper__in=papers)
        for person, paper in said.values_list("registration_id", "paper_id"):
            takes[row_at[person], paper_at[paper]] = True
    takes[~takes.any(1)] = True
    return takes


def journeys_of(
    people: People,
    labels: Sequence[tuple[int, int]],
    places: Floats,
    registrations: QuerySet[Registration],
    paper: Ints,
) -> Journeys:
    """Distances to the places of the columns, and what each was to each person's wishes.

    `paper` (K,) tells the columns of one paper from those of another: a wish that names an exam
    session says nothing about when the other papers are sat, only where.
    """
    unique, column_of = np.unique(places, axis=0, return_inverse=True)
    distance = great_circle(people.latitude, people.longitude, unique)[:, column_of.ravel()]
    rank, named = _ranks(people.keys, labels, registrations, paper)
    return Journeys(distance=distance, rank=rank, named=named)


def _ranks(
    keys: Ints,
    labels: Sequence[tuple[int, int]],
    registrations: QuerySet[Registration],
    paper: Ints,
) -> tuple[Ranks, Ranks]:
    """Wishes as (n, K): the rank of the very column, and of its centre at whatever time."""
    wishes = Wish.objects.filter(registration__in=registrations).order_by("-rank")
    found = list(wishes.values_list("registration_id", "rank", "centre_id", "exam_session_id"))
    rank, named = np.zeros((2, len(keys), len(labels)), np.int8)
    if not found:
        return rank, named
    table = np.array([(person, r, c, s or 0) for person, r, c, s in found], np.int64)
    order = np.argsort(keys)
    row = order[np.searchsorted(keys[order], table[:, 0])]
    sessions = np.array([session for _, session in labels])
    for column, (centre, session) in enumerate(labels):
        here = table[:, 2] == centre
        anytime = [0, *sessions[paper != paper[column]].tolist()]
        asked = here & np.isin(table[:, 3], [session, *anytime])
        named[row[here], column] = table[here, 1]  # the best rank is written last
        rank[row[asked], column] = table[asked, 1]
    return rank, named


def _numbered(codes: Iterable[str | None]) -> Ints:
    """Codes as numbers in their order, NO_INSTITUTION for None."""
    names = list(codes)
    place = {code: index for index, code in enumerate(sorted({code for code in names if code}))}
    return np.array([place[code] if code else NO_INSTITUTION for code in names], np.int64)


def _by_arrival(moments: Iterable[datetime]) -> Ints:
    """Rows by when their wishes were last sent, else by when they registered."""
    seconds = np.array([moment.timestamp() for moment in moments], np.float64)
    return np.argsort(seconds, kind="stable")
