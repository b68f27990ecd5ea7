"""A card at the door: whose is it, and does it belong here?"""

from centres.models import User
from proctoring.errors import CardRefused, NotOnDuty, OtherRoom, UnknownCard
from proctoring.live.keyboard import read_card
from proctoring.live.protocol import Claim
from proctoring.queries.access import room_role
from proctoring.queries.console import booking_by_number, room_session_of
from scheduling.models import Booking, RoomSession
from scheduling.queries.cards import verify_card


def find_card(*, room: int, text: str, by: User) -> Booking:
    """The booking a scanned or typed card stands for, when it is one of this room.

    OtherRoom names the right room to a person on duty in the same centre; a card of another
    centre is unknown here, so that nobody can look people up across the country.
    """
    room_session = room_session_of(room)
    if room_session is None or room_role(by, room) is None:
        raise NotOnDuty
    number, card = read_card(text)
    if card:
        verify_card(card)
    booking = booking_by_number(room_session.exam_session, number) if number else None
    if booking is None or _centre(booking.room_session) != _centre(room_session):
        raise UnknownCard
    if booking.room_session_id != room:
        raise OtherRoom(room=booking.room_session.room.code, seat=booking.seat.label)
    return booking


def _centre(room_session: RoomSession) -> int:
    return room_session.room.building.centre_id


def is_scan(claim: Claim) -> bool:
    """Whether this check-in says that a card was scanned."""
    return claim.type == "seat.check_in" and bool(claim.body.get("card"))


def proven_card(claim: Claim) -> Claim:
    """A check-in by a scanned card, once the card is known to be good and this person's own.

    The ledger keeps the card's version, not its signature. Raises CardForged or CardWithdrawn.
    """
    card = verify_card(claim.body["card"])
    own = Booking.objects.filter(pk=claim.body["booking"], registration=card.registration_id)
    if not own.exists():
        raise CardRefused
    body = {"booking": claim.body["booking"], "card": str(card.version)}
    return Claim(claim.id, claim.room, claim.type, body, claim.at, claim.dseq, claim.base)
