"""Stating facts to ledgers from pages: the same way in as the live socket."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from centres.common.errors import DomainError
from centres.models import User
from proctoring.actions.proof import check_chair, check_right, needs_proof, proven
from proctoring.actions.returns import returning
from proctoring.broadcast import announce
from proctoring.errors import ERRORS, CardRefused, NotUnderstood, refusal
from proctoring.live.events import Fact
from proctoring.live.protocol import Claim, FrameError, Held, body_of
from proctoring.queries.access import room_role
from proctoring.store import Answer, append_many


def milliseconds(at: datetime) -> int:
    """A moment as the ledgers write it."""
    return round(at.timestamp() * 1000)


@transaction.atomic
def state_facts(*, facts: Sequence[Fact], at: datetime) -> list[Answer]:
    """Write facts whose right was checked; tell the listeners after the commit."""
    written = append_many(facts, recv=milliseconds(at))
    transaction.on_commit(lambda: announce(written.moved))
    return written.answers


def take_claims(
    *, claims: Sequence[Claim], device: int | None, by: User, at: datetime
) -> list[Answer]:
    """Claims of a device that came by POST: each room's right is checked on its own."""
    roles = {room: room_role(by, room) for room in {claim.room for claim in claims}}
    answers: dict[str, Answer] = {}
    facts = []
    for claim in claims:
        role = roles[claim.room]
        try:
            check_right(role, claim.type)
            known = proven(claim) if needs_proof(claim) else claim
        except DomainError as error:
            code = error.code if error.code in ERRORS else CardRefused.code
            answers[claim.id] = Answer(claim.id, claim.room, 0, code=code)
        else:
            facts.append(known.fact(by.pk, str(role), device))
    answers |= {answer.id: answer for answer in state_facts(facts=facts, at=at)}
    return [answers[claim.id] for claim in claims]


def take_back(*, held: Held, at: datetime) -> list[Answer]:
    """What a device brings back by POST after a restore; only a socket waits for a gap."""
    facts, answers, _has_gap = returning(held)
    return answers + state_facts(facts=facts, at=at)


def state_fact(*, room: int, type: str, body: Mapping[str, Any], by: User, at: datetime) -> Answer:  # noqa: A002
    """One fact from a page without a script; a refusal is raised as its sentence."""
    role = room_role(by, room)
    check_right(role, type)
    try:
        checked = body_of(type, dict(body))
    except (FrameError, KeyError) as error:
        raise NotUnderstood from error
    if type == "seat.move":
        check_chair(room=room, label=checked["seat"])
    fact = Fact(str(uuid.uuid4()), room, type, checked, milliseconds(at), by.pk, str(role))
    answer = state_facts(facts=[fact], at=at)[0]
    if not answer.seq:
        raise refusal(answer.code, **answer.facts)
    return answer
