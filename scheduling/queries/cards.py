"""Admission cards: what their code says, whether it is true, and what is printed on them."""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from django.db.models import Count, Prefetch, QuerySet

from centres.common.identity import signing_key
from scheduling.errors import CardForged, CardWithdrawn
from scheduling.models import (
    AdmissionCard,
    Booking,
    BookingState,
    Registration,
    RegistrationState,
    RoomSession,
)

_PAYLOAD = re.compile(r"(SNM1\.([0-9]{10})\.([0-9]{1,4}))\.([A-Z2-7]{103})")
_KEY = "admission card"


def card_payload(number: str, version: int) -> str:
    """What the QR code of a card holds: registration number, card number, Ed25519 signature.

    `SNM1.<10 digits>.<card>.<103 signs of base 32>`: the alphanumeric mode of QR holds it, and
    anybody with the public key can check it without a network. It names nobody.
    """
    said = f"SNM1.{number}.{version}"
    signature = signing_key(_KEY).sign(said.encode())
    return f"{said}.{base64.b32encode(signature).decode().rstrip('=')}"


def card_public_key() -> str:
    """The key that checks cards, as base64 of its 32 bytes, for devices that work offline."""
    return base64.b64encode(signing_key(_KEY).public_key().public_bytes_raw()).decode()


def verify_card(text: str) -> AdmissionCard:
    """The valid card that a scanned code stands for. Raises CardForged or CardWithdrawn."""
    found = _PAYLOAD.fullmatch(text.strip().upper())
    if found is None:
        raise CardForged
    said, number, version, signature = found.groups()
    try:
        raw = base64.b32decode(f"{signature}=")
        signing_key(_KEY).public_key().verify(raw, said.encode())
    except (InvalidSignature, ValueError) as error:
        raise CardForged from error
    card = (
        AdmissionCard.objects.filter(registration__number=number, version=int(version))
        .select_related("registration__candidate")
        .first()
    )
    if card is None:
        raise CardForged
    if card.withdrawn_at is not None:
        raise CardWithdrawn(number=number)
    return card


@dataclass(frozen=True)
class CardSheet:
    """One admission card: whose it is and where they sit, complete for printing."""

    card: AdmissionCard
    bookings: tuple[Booking, ...]
    says_language: bool = False  # whether the sitting is sat in more than one language

    @property
    def registration(self) -> Registration:
        return self.card.registration

    @property
    def language(self) -> str:
        """In which language the exam is put to them; empty where there is but one."""
        return self.registration.get_language_display() if self.says_language else ""

    @property
    def payload(self) -> str:
        return card_payload(self.registration.number, self.card.version)


def valid_card_of(registration: Registration) -> CardSheet | None:
    """The card that is good now, with the seats as they are now."""
    sheets = card_sheets(AdmissionCard.objects.filter(registration=registration))
    return sheets[0] if sheets else None


def cards_of_room(room_session: RoomSession) -> list[CardSheet]:
    """The cards of everybody who sits in a room session, by seat from the front left."""
    seated = seated_in(room_session).values("registration")
    sheets = card_sheets(AdmissionCard.objects.filter(registration__in=seated))

    def place(sheet: CardSheet) -> tuple[int, int]:
        here = next(b.seat for b in sheet.bookings if b.room_session_id == room_session.pk)
        return here.y, here.x

    return sorted(sheets, key=place)


def seated_in(room_session: RoomSession) -> QuerySet[Booking]:
    """Confirmed bookings of a room session, by seat from the front left, people at hand."""
    bookings = Booking.objects.filter(room_session=room_session, state=BookingState.CONFIRMED)
    return bookings.select_related("seat", "registration__candidate").order_by("seat__y", "seat__x")


def card_sheets(cards: QuerySet[AdmissionCard]) -> list[CardSheet]:
    """The valid ones of these cards whose people have a seat."""
    confirmed = Booking.objects.filter(state=BookingState.CONFIRMED).select_related(
        "seat", "paper", "room_session__exam_session", "room_session__room__building__centre"
    )
    found = (
        cards.filter(withdrawn_at=None)
        .select_related("registration__candidate", "registration__sitting__exam")
        .prefetch_related(
            Prefetch(
                "registration__bookings",
                confirmed.order_by("room_session__exam_session__starts_at"),
                to_attr="confirmed",
            )
        )
    )
    many = sittings_of_many_languages({card.registration.sitting_id for card in found})
    sheets = [
        CardSheet(card, tuple(card.registration.confirmed), card.registration.sitting_id in many)  # type: ignore[attr-defined]
        for card in found
    ]
    return [sheet for sheet in sheets if sheet.bookings]


def sittings_of_many_languages(sittings: Collection[int]) -> set[int]:
    """Those of some sittings in which people are examined in more than one language."""
    asked = Registration.objects.filter(sitting__in=sittings, state=RegistrationState.ACCEPTED)
    languages = asked.values("sitting").annotate(many=Count("language", distinct=True))
    return set(languages.filter(many__gt=1).values_list("sitting", flat=True))
