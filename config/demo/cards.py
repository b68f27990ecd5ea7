"""Admission cards for everybody; on paper for one room, with the list for its door."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import translation

from config.demo.before import Told
from config.demo.founding import HOME
from config.demo.stage import Stage
from scheduling.actions.admission import issue_admission_cards
from scheduling.models import AdmissionCard, RoomSession, Sitting
from scheduling.printing import door_list_pdf, room_cards_pdf
from scheduling.queries.cards import card_payload, verify_card

CHECKED = 200  # cards whose signed code is read back as a proctor's scanner would


def issue_cards(stage: Stage) -> Told:
    """A card with a signed code for everybody who has a seat; cards and door list of one room."""
    sitting = stage.sitting
    with stage.teller.bar("admission cards") as report:
        issue_admission_cards(sitting=sitting, by=stage.user("staff"), at=stage.day(-6))
        issued = _valid(sitting).count()
        report(issued, issued)
    checked = sum(_is_read(card) for card in _valid(sitting).order_by("pk")[:CHECKED])
    if checked != min(CHECKED, issued):
        raise RuntimeError("an admission card's own code is not accepted")
    pages = _print(stage, _room(sitting), stage.day(-5))
    return f"{issued:,} cards; those of one room printed", {"cards": issued, "printed_bytes": pages}


def _valid(sitting: Sitting) -> QuerySet[AdmissionCard]:
    cards = AdmissionCard.objects.filter(registration__sitting=sitting, withdrawn_at=None)
    return cards.select_related("registration")


def _is_read(card: AdmissionCard) -> bool:
    return verify_card(card_payload(card.registration.number, card.version)).pk == card.pk


def _room(sitting: Sitting) -> RoomSession:
    """The first room session of the home centre in which anybody sits."""
    seated = RoomSession.objects.filter(
        exam_session__sitting=sitting,
        room__building__centre__code=HOME,
        bookings__isnull=False,
    )
    return seated.order_by("exam_session__number", "room__code").distinct()[0]


def _print(stage: Stage, room: RoomSession, at: datetime) -> int:
    """Cards and door list in Thai, as files; how many bytes."""
    with translation.override("th"), stage.teller.bar("print") as report:
        cards = (stage.folder / "cards.pdf").write_bytes(room_cards_pdf(room, at))
        report(1, 2)
        door = (stage.folder / "door-list.pdf").write_bytes(door_list_pdf(room, at))
        report(2, 2)
    stage.teller.say(f"  Printed: cards.pdf and door-list.pdf in {stage.folder}")
    return cards + door
