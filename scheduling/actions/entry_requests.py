"""What imported people take and ask for: papers, sessions they refuse, whom they sit beside."""

from collections.abc import Sequence
from typing import Protocol

from centres.common.bulk import insert_rows
from centres.common.identity import lookup_hash
from scheduling.models import (
    Company,
    Paper,
    RefusedSession,
    Registration,
    RegistrationState,
    SeatRequest,
    Sitting,
    TakenPaper,
)


class Asking(Protocol):
    """The part of an imported row that is kept here; people are identities, papers codes."""

    @property
    def identity(self) -> str: ...
    @property
    def papers(self) -> tuple[str, ...]: ...
    @property
    def refused_sessions(self) -> tuple[int, ...]: ...
    @property
    def beside(self) -> tuple[str, ...]: ...
    @property
    def apart(self) -> tuple[str, ...]: ...


def make_requests(rows: Sequence[Asking], registrations: Sequence[int], sitting: Sitting) -> None:
    """Keep all of it for registrations that were just made, in the order of the rows."""
    number = dict(sitting.exam_sessions.values_list("number", "pk"))
    paper = dict(Paper.objects.filter(exam=sitting.exam_id).values_list("code", "pk"))
    pairs = list(zip(rows, registrations, strict=True))
    refused = [(key, number[n]) for row, key in pairs for n in row.refused_sessions]
    insert_rows(RefusedSession, ("registration", "exam_session"), refused)
    taken = [(key, paper[code]) for row, key in pairs for code in row.papers]
    insert_rows(TakenPaper, ("registration", "paper"), taken)
    _make_company(pairs, sitting)


def _make_company(pairs: Sequence[tuple[Asking, int]], sitting: Sitting) -> None:
    """One request for each pair of people, whoever of the two asked, or both."""
    if not any(row.beside or row.apart for row, _key in pairs):
        return
    accepted = Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
    key_of = {
        bytes(hashed): key for hashed, key in accepted.values_list("candidate__identity_hash", "pk")
    }
    wanted: dict[tuple[int, int], str] = {}
    for row, key in pairs:
        for kind, others in ((Company.APART, row.apart), (Company.TOGETHER, row.beside)):
            for other in others:
                there = key_of[lookup_hash(other)]
                wanted[min(key, there), max(key, there)] = kind.value
    rows = [(kind, first, second) for (first, second), kind in sorted(wanted.items())]
    insert_rows(SeatRequest, ("kind", "registration", "other"), rows)
