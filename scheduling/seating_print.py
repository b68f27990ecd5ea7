"""The seating plan of a room on paper: the room as it is, one landscape page, black and white."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from centres.common.pdf import typeset
from centres.models import Door
from centres.templatetags.exam_text import clock, long_day, moment
from scheduling.models import RoomSession
from scheduling.room_drawing import DESK_HIGH, DESK_WIDE, Drawing, drawing_of
from scheduling.studies.rooms import Desk, SeatedRoom, seated_room

TEMPLATE = Path(__file__).parent / "templates" / "scheduling" / "print" / "seating_plan.typ"


def seating_plan_pdf(room_session: RoomSession, at: datetime) -> bytes:
    """The plan for the wall of the room: seat, name, exam form, and what is special."""
    return typeset(TEMPLATE, seating_plan(room_session, at))


def seating_plan(room_session: RoomSession, at: datetime) -> dict[str, Any]:
    """What a seating plan says; lengths are in units of the drawing."""
    room = seated_room(room_session)
    session, place = room_session.exam_session, room_session.room
    people = ngettext("%(count)d person", "%(count)d people", room.people)
    return {
        "language": (get_language() or "th")[:2],
        "brand": _("Sanamsob"),
        "title": _("Seating plan"),
        "exam": str(session.sitting),
        "where": f"{place.building.centre} · {place.building}",
        "room": place.code,
        "when": f"{long_day(session.starts_at)} · {clock(session.starts_at)}",
        "people": people % {"count": room.people},
        "forms": forms_said(room),
        "drawing": _drawn(drawing_of(room)),
        "door": str(Door(place.door).label) if place.door else "",
        "words": {
            "room": _("Room"), "front": _("Front of the room"), "door": _("Door"),
            "free": _("free"), "page": _("Page"),
        },
        "printed": _("Printed %(moment)s") % {"moment": moment(at)},
    }  # fmt: skip


def forms_said(room: SeatedRoom) -> str:
    """Which neighbours are sure to hold another exam form, in one sentence."""
    if not room.form_pairs:
        return _("Neighbours on all sides hold different exam forms.")
    if {"side", "front"} <= set(room.protected):
        return _(
            "Those beside, before and behind hold different exam forms; across the corner they "
            "may be the same."
        )
    if room.forms < 2:
        return _("There is one exam form: neighbours hold the same.")
    return _("Some neighbours hold the same exam form since people moved.")


def _drawn(drawing: Drawing) -> dict[str, Any]:
    return {
        "width": drawing.width,
        "height": drawing.height,
        "desk": [DESK_WIDE, DESK_HIGH],
        "aisles": drawing.aisles,
        "door_label": drawing.door_label_y,
        "door": [drawing.door.x1, drawing.door.y1, drawing.door.y2] if drawing.door else [],
        "desks": [[mark.x, mark.y, *_told(mark.desk)] for mark in drawing.desks],
    }


def _told(desk: Desk) -> list[Any]:
    """Seat, exam form, name, minutes of extra time, and whether the place is a special one."""
    booking = desk.booking
    if booking is None:
        return [desk.seat.label, "", "", 0, desk.is_special]
    person = booking.registration
    return [
        desk.seat.label, desk.form, person.candidate.name, person.extra_minutes, desk.is_special,
    ]  # fmt: skip
