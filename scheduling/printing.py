"""What is printed before the day: admission cards, and the list on the door of a room.

Each function gathers what a page says, in the reader's language, and hands it to a Typst template.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from centres.common.identity import access_code
from centres.common.identity import grouped as code_groups
from centres.common.pdf import qr_svg, typeset
from centres.models import Room
from centres.templatetags.exam_text import clock, grouped, long_day, moment
from scheduling.models import Booking, ExamSession, RoomSession
from scheduling.queries.cards import (
    CardSheet,
    cards_of_room,
    seated_in,
    sittings_of_many_languages,
)

TEMPLATES = Path(__file__).parent / "templates" / "scheduling" / "print"
PDF = "application/pdf"


def admission_card_pdf(sheet: CardSheet, at: datetime) -> bytes:
    """The candidate's own card, with the access code that only they may have."""
    number, version = sheet.registration.number, sheet.card.version
    code = code_groups(access_code(number, version))
    return _cards_pdf([card_page(sheet) | {"code": code}], at)


def room_cards_pdf(room_session: RoomSession, at: datetime) -> bytes:
    """The cards of a whole room, for the staff who hand them out; without access codes."""
    return _cards_pdf(map(card_page, cards_of_room(room_session)), at)


def _cards_pdf(cards: Iterable[dict[str, Any]], at: datetime) -> bytes:
    said = {"cards": list(cards), "words": _card_words(), "printed": _printed(at)}
    return typeset(TEMPLATES / "admission_cards.typ", said | _frame())


def door_list_pdf(room_session: RoomSession, at: datetime) -> bytes:
    """Who sits in a room, on paper for its door."""
    return typeset(TEMPLATES / "door_list.typ", door_list(room_session, at) | _frame())


def door_list(room_session: RoomSession, at: datetime) -> dict[str, Any]:
    """What a door list says: the same people twice, by seat and in dictionary order."""
    bookings = list(seated_in(room_session))
    session, room = room_session.exam_session, room_session.room
    says_language = session.sitting_id in sittings_of_many_languages([session.sitting_id])
    by_name = sorted(bookings, key=lambda booking: booking.registration.candidate.sort_key)
    people = ngettext("%(count)d person", "%(count)d people", len(bookings))
    return {
        "exam": str(session.sitting),
        "title": _("Door list"),
        "where": _place(room),
        "room": room.code,
        "when": _times(session),
        "people": people % {"count": len(bookings)},
        "lists": [
            {"order": _("By seat"), "rows": _door_rows(bookings, says_language)},
            {"order": _("In dictionary order"), "rows": _door_rows(by_name, says_language)},
        ],
        "words": {
            "room": _("Room"), "seat": _("Seat"), "name": _("Name"),
            "identity": _("Identity number"), "number": _("Registration number"), "page": _("Page"),
            "of": _("of"), "end": _("End of the list"),
            "language": _("Exam in") if says_language else "",
        },
        "printed": _printed(at),
    }  # fmt: skip


def _door_rows(bookings: Sequence[Booking], says_language: bool) -> list[list[str]]:
    """Seat, name, masked number, registration number; the language where there is a choice."""
    return [
        [
            booking.seat.label,
            str(booking.registration.candidate),
            booking.registration.candidate.identity_masked,
            grouped(booking.registration.number),
            *([booking.registration.get_language_display()] if says_language else []),
        ]
        for booking in bookings
    ]


def _frame() -> dict[str, str]:
    return {"language": (get_language() or "th")[:2], "brand": _("Sanamsob")}


def _printed(at: datetime) -> str:
    return _("Printed %(moment)s") % {"moment": moment(at)}


def card_page(sheet: CardSheet) -> dict[str, Any]:
    """What a card says; the access code is left for whoever may see it."""
    registration = sheet.registration
    person = registration.candidate
    thai = f"{person.prefix}{person.given_name_th} {person.family_name_th}".strip()
    return {
        "exam": str(registration.sitting.exam),
        "sitting": str(registration.sitting),
        "name": thai if person.given_name_th else person.name,
        "name_en": f"{person.given_name_en} {person.family_name_en}".strip(),
        "identity": person.identity_masked,
        "number": grouped(registration.number),
        "language": sheet.language,
        "version": _("Card %(version)d") % {"version": sheet.card.version},
        "qr": qr_svg(sheet.payload),
        "seats": [_seat(booking) for booking in sheet.bookings],
        "code": "",
    }


def _seat(booking: Booking) -> dict[str, Any]:
    room, session = booking.room_session.room, booking.room_session.exam_session
    centre = room.building.centre
    return {
        "paper": str(booking.paper),
        "day": long_day(session.starts_at),
        "seat": booking.seat.label,
        "room": room.code,
        "floor": _("Floor %(floor)d") % {"floor": room.floor},
        "centre": str(centre),
        "building": str(room.building),
        "address": centre.address_th if _frame()["language"] == "th" else centre.address_en,
        "access": _("reached without a step") if room.step_free else "",
        "map": qr_svg(f"geo:{centre.latitude:.5f},{centre.longitude:.5f}"),
        "times": [
            [clock(session.doors_open_at), _("Report at the room"), False],
            [clock(session.starts_at), _("The exam begins"), False],
            [clock(session.doors_close_at), _("Doors close; nobody enters after this"), True],
            [clock(session.ends_at), _("Time is over"), False],
        ],
    }


def _place(room: Room) -> str:
    floor = _("Floor %(floor)d") % {"floor": room.floor}
    return f"{room.building.centre} · {room.building} · {floor}"


def _times(session: ExamSession) -> str:
    times = f"{clock(session.starts_at)} – {clock(session.ends_at)}"
    doors = _("Doors close at %(time)s") % {"time": clock(session.doors_close_at)}
    return f"{long_day(session.starts_at)} · {times} · {doors}"


def _card_words() -> dict[str, Any]:
    return {
        "title": _("Admission card"),
        "photo": _("Photo 3 × 4 cm"),
        "identity": _("Identity number"),
        "number": _("Registration number"),
        "language": _("Language of the exam"),
        "scan": _("The proctor scans this, or types"),
        "seat": _("Seat"),
        "room": _("Room"),
        "times": _("Times"),
        "way": _("The way there"),
        "way_note": _("Scan to open the centre on a map."),
        "bring": _("Bring"),
        "bring_list": [
            _("The original of your identity card or passport"),
            _("This card, on paper; on a phone up to the door"),
            _("A 2B pencil, a pen, an eraser, a plain watch"),
        ],
        "leave": _("Not in the room"),
        "leave_list": [
            _("Phone, smart watch, earphones"),
            _("Bag, papers, calculator"),
        ],
        "code": _("Your access code"),
        "code_note": _("Sign in and see your result with it. Show it to nobody."),
        "withdrawn": _("A withdrawn card says so when it is scanned."),
        "page": _("Page"),
        "of": _("of"),
    }
