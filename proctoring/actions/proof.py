"""What a claim must show before the ledger is asked: a right, a card that is ours, a chair."""

from centres.models import Seat
from proctoring.actions.cards import is_scan, proven_card
from proctoring.errors import HeadOnly, NoSuchSeat, NotOnDuty, OnlyReads
from proctoring.live.events import OBSERVER
from proctoring.live.protocol import Claim
from proctoring.live.rights import may_state
from scheduling.models import RoomSession


def check_right(role: str | None, type_: str) -> None:
    """Raise unless somebody in this role may state an event of this type."""
    if not role:
        raise NotOnDuty
    if role == OBSERVER:
        raise OnlyReads
    if not may_state(role, type_):
        raise HeadOnly


def needs_proof(claim: Claim) -> bool:
    """Whether this claim says something that only the database can confirm."""
    return is_scan(claim) or claim.type == "seat.move"


def proven(claim: Claim) -> Claim:
    """The claim, once what it says was looked up; a DomainError says what is not so."""
    if claim.type == "seat.move":
        check_chair(room=claim.room, label=claim.body["seat"])
        return claim
    return proven_card(claim)


def check_chair(*, room: int, label: str) -> None:
    """Raise NoSuchSeat unless the room has a chair of this name that can be used."""
    place = RoomSession.objects.filter(pk=room).values("room")
    if not Seat.objects.filter(room__in=place, label=label, is_usable=True).exists():
        raise NoSuchSeat(seat=label)
