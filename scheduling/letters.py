"""Letters about a seat, a card, a fee: to whom they go, and what they say.

A letter tells the facts of the act it was written with: names of places in both languages, the
seat, the hour. It never holds an identity number, an access code or anything about health.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from centres.common.contact import AddressWrong, Channel, typed_address
from centres.common.i18n import in_language
from centres.common.outbox import Letter, write
from centres.templatetags.exam_text import moment
from scheduling.models import Booking, Candidate, IdentityKind, Registration, Sitting

Facts = dict[str, Any]
HERE = "scheduling.letters."


def tell(
    registration: Registration,
    wording: str,
    *,
    key: str,
    at: datetime,
    everywhere: bool = False,
    **facts: Any,
) -> None:
    """Write a letter to the person of a registration, in the caller's transaction.

    `wording` is a function of this module; `key` names the act, so that doing it twice writes once.
    `everywhere` sends to e-mail and phone both: for what cannot wait.
    """
    write(letters_to(registration, wording, key=key, at=at, everywhere=everywhere, **facts))


def letters_to(
    registration: Registration,
    wording: str,
    *,
    key: str,
    at: datetime,
    everywhere: bool = False,
    **facts: Any,
) -> list[Letter]:
    """The unsaved letters of `tell`, for those who write many at once."""
    addresses = addresses_of(registration.candidate)
    chosen = addresses if everywhere else addresses[:1]
    facts = sitting_facts(registration.sitting) | {"number": registration.number} | facts
    return [
        Letter(
            key=f"{wording}/{key}/{channel.value}", wording=HERE + wording, channel=channel.value,
            to=address, language=language_of(registration.candidate), facts=facts,
            about=f"scheduling.registration:{registration.pk}", made_at=at, due_at=at,
        )
        for channel, address in addresses
        if (channel, address) in chosen
    ]  # fmt: skip


def addresses_of(candidate: Candidate) -> list[tuple[Channel, str]]:
    """At most one e-mail and one phone: what they confirmed themselves before what was imported."""
    found: dict[Channel, str] = {}
    if candidate.user:
        for contact in candidate.user.contacts.all():
            found.setdefault(Channel(contact.channel), contact.address)
    for text in filter(None, (candidate.email, candidate.phone)):
        try:
            channel, address = typed_address(text)
        except AddressWrong:  # an import may hold what cannot be written to
            continue
        found.setdefault(channel, address)
    return [
        (channel, found[channel]) for channel in (Channel.EMAIL, Channel.SMS) if channel in found
    ]


def language_of(candidate: Candidate) -> str:
    """Thai for holders of a Thai number, English for holders of a passport."""
    return "th" if candidate.identity_kind == IdentityKind.NATIONAL else "en"


def tell_of_seat(
    booking: Booking,
    wording: str,
    *,
    at: datetime,
    everywhere: bool = False,
    **facts: Any,
) -> None:
    """Write a letter about one booking, with the place as its row says it."""
    row = Booking.objects.select_related(
        "seat", "registration__candidate", "registration__sitting", "room_session__exam_session",
        "room_session__room__building__centre",
    ).get(pk=booking.pk)  # fmt: skip
    facts = place_facts(row) | facts
    key = str(booking.pk)
    tell(row.registration, wording, key=key, at=at, everywhere=everywhere, **facts)


# --- facts -------------------------------------------------------------------------------------


def sitting_facts(sitting: Sitting) -> Facts:
    return {"sitting_th": sitting.name_th, "sitting_en": sitting.name_en}


def place_facts(booking: Booking) -> Facts:
    """Where and when a booking is, in both languages; the same rows that the card prints."""
    room, session = booking.room_session.room, booking.room_session.exam_session
    centre = room.building.centre
    return {
        "centre_th": centre.name_th, "centre_en": centre.name_en,
        "building_th": room.building.name_th, "building_en": room.building.name_en,
        "room": room.code, "seat": booking.seat.label,
        "doors": session.doors_open_at.isoformat(), "starts": session.starts_at.isoformat(),
    }  # fmt: skip


def _time(text: str) -> str:
    return moment(datetime.fromisoformat(text))


def _named(facts: dict[str, Any]) -> dict[str, str]:
    """The sitting and the registration that a letter speaks of."""
    return {"sitting": _sitting(facts), "number": facts["number"]}


def _sitting(facts: Facts) -> str:
    return in_language(facts["sitting_th"], facts["sitting_en"])


def _place(facts: Facts) -> dict[str, str]:
    return {
        "sitting": _sitting(facts),
        "number": facts["number"],
        "centre": in_language(facts["centre_th"], facts["centre_en"]),
        "building": in_language(facts["building_th"], facts["building_en"]),
        "room": facts["room"],
        "seat": facts["seat"],
        "doors": _time(facts["doors"]),
        "starts": _time(facts["starts"]),
    }


# --- words -------------------------------------------------------------------------------------


def seat_confirmed(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: seat %(seat)s, room %(room)s, %(building)s, %(centre)s is yours. Report from "
        "%(doors)s; the exam begins %(starts)s. Registration %(number)s."
    )
    return _("Your seat is confirmed"), text % _place(facts)


def seat_moved(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: your seat is now %(seat)s, room %(room)s, %(building)s, %(centre)s. Report "
        "from %(doors)s; the exam begins %(starts)s. The seat you had before is no longer yours. "
        "Registration %(number)s."
    )
    return _("Your seat has changed"), text % _place(facts)


def seat_cancelled(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: you have given back seat %(seat)s, room %(room)s, %(centre)s, %(starts)s. "
        "Registration %(number)s. If it was not you, sign in and call the office at once."
    )
    return _("You have given your seat back"), text % _place(facts)


def registration_withdrawn(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: registration %(number)s is withdrawn, and your admission card with it. If it "
        "was not you, call the office at once."
    )
    return _("Your registration is withdrawn"), text % _named(facts)


def seat_offered(*, until: str, **facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: a seat has come free for you: %(centre)s, room %(room)s, seat %(seat)s, "
        "%(starts)s. It is kept for you until %(until)s. Sign in and take it or let it go; after "
        "that it goes to the next in line. Registration %(number)s."
    )
    return _("A seat is waiting for you"), text % (_place(facts) | {"until": _time(until)})


def offer_ended(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: the seat we kept for you has gone to the next in line, because its time was "
        "over. Registration %(number)s. Sign in to stay on the waiting list or to leave it."
    )
    return _("The seat kept for you has gone on"), text % _named(facts)


def card_ready(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: your admission card is ready. Sign in and print it, or keep it on your phone "
        "for the door. Registration %(number)s."
    )
    return _("Your admission card is ready"), text % _named(facts)


def card_replaced(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: your admission card was withdrawn or replaced. The old one no longer opens "
        "anything, and every device is signed out. Registration %(number)s."
    )
    return _("Your old admission card is no longer good"), text % _named(facts)


def arrangement_decided(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: your request for an arrangement was decided. Sign in to read the decision "
        "and what it means for your seat. Registration %(number)s."
    )
    return _("Your request was decided"), text % _named(facts)


def payment_received(*, amount: str, **facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: your payment of %(amount)s baht has arrived. Thank you. Registration "
        "%(number)s."
    )
    said = _named(facts) | {"amount": amount}
    return _("Your payment has arrived"), text % said


def payment_to_refund(*, amount: str, **facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: %(amount)s baht will be paid back to you. Sign in to read why. Registration "
        "%(number)s."
    )
    said = _named(facts) | {"amount": amount}
    return _("Money will be paid back to you"), text % said


def application_accepted(**facts: Any) -> tuple[str, str]:
    text = _("%(sitting)s: you are registered. Sign in to see what to do next.")
    return _("You are registered"), text % {"sitting": _sitting(facts)}


def application_sent_back(**facts: Any) -> tuple[str, str]:
    text = _("%(sitting)s: an officer has answered your application. Sign in to read the answer.")
    return _("Your application was answered"), text % {"sitting": _sitting(facts)}


def account_closed(**facts: Any) -> tuple[str, str]:
    text = _(
        "%(sitting)s: the office has closed your account because somebody showed to be you and "
        "could not reach it. If that was not you, call the office at once. Registration %(number)s."
    )
    return _("Your account was closed"), text % _named(facts)
