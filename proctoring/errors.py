"""The rules of the exam day, as sentences a proctor can act on."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from proctoring.words import PHASES, SEAT_STATES


class NotOnDuty(DomainError):
    code = "scope"
    status = 403
    sentence = _(
        "You have no duty in this room session. Open a room from your own list, or ask your"
        " centre chief to assign you."
    )


class RoomNotOpen(DomainError):
    code = "room_closed"
    sentence = _(
        "The room does not take this now: its phase is “%(phase)s”. Open the room, or ask your"
        " centre chief."
    )


class AlreadyCheckedIn(DomainError):
    code = "already"
    sentence = _("Seat %(seat)s is already marked “%(state)s”. Nothing was changed.")


class AlreadyThere(DomainError):
    code = "already_phase"
    sentence = _("The room is already in the phase “%(phase)s”. Nothing was changed.")


class NotFromHere(DomainError):
    code = "not_from_here"
    sentence = _(
        "Seat %(seat)s is marked “%(state)s”, so this cannot follow. Undo the last step first."
    )


class NotFromPhase(DomainError):
    code = "not_from_phase"
    sentence = _("This cannot follow while the room is in the phase “%(phase)s”.")


class TooLate(DomainError):
    code = "late"
    sentence = _(
        "The doors have closed for seat %(seat)s. Only the centre chief can let this person in."
    )


class TooEarly(DomainError):
    code = "too_early"
    sentence = _("Nobody is absent before the doors close. Wait until then.")


class ChiefOnly(DomainError):
    code = "chief_only"
    status = 403
    sentence = _("Only the centre chief or headquarters can do this. Call the chief.")


class NotTold(DomainError):
    code = "not_told"
    sentence = _("This entry is not one the server has told before, so it was not taken back.")


class HeadOnly(DomainError):
    code = "head_only"
    status = 403
    sentence = _("Only the head of this room, or the centre chief, can do this. Call one of them.")


class OnlyReads(DomainError):
    code = "only_reads"
    status = 403
    sentence = _("You observe: you see everything here, and change nothing.")


class HeadquartersOnly(DomainError):
    code = "headquarters_only"
    status = 403
    sentence = _("Only headquarters can do this.")


class SecondPersonNeeded(DomainError):
    code = "second_person"
    sentence = _("This needs two different people. Name the second one.")


class NotInRoom(DomainError):
    code = "not_in_room"
    sentence = _("This person is not expected in this room.")


class OtherRoom(DomainError):
    code = "other_room"
    sentence = _("This card is for room %(room)s, seat %(seat)s. Nobody was checked in.")


class UnknownCard(DomainError):
    code = "unknown_card"
    status = 404
    sentence = _(
        "No one in this exam session at your centre has this number. Compare it with the card,"
        " digit by digit."
    )


class CardRefused(DomainError):
    code = "card"
    sentence = _(
        "The code on this card is not one of ours, or the card was replaced. Check the person by"
        " name and photograph, and call the chief."
    )


class SeatOccupied(DomainError):
    code = "seat_taken"
    sentence = _("Seat %(seat)s is taken. Choose another.")


class NoSuchSeat(DomainError):
    code = "no_seat"
    sentence = _("This room has no chair %(seat)s that can be used. Choose another.")


class NotLast(DomainError):
    code = "not_last"
    sentence = _("Something newer happened to this seat. Undo the newest step first.")


class NotSettled(DomainError):
    code = "not_settled"
    sentence = _(
        "The room cannot be sealed: %(people)s people are not accounted for and %(conflicts)s"
        " conflicts are open."
    )


class NoIncident(DomainError):
    code = "no_incident"
    sentence = _("This incident is not in this room.")


class IncidentClosed(DomainError):
    code = "incident_closed"
    sentence = _("This incident is already closed.")


class NumberReused(DomainError):
    code = "number_reused"
    sentence = _(
        "This device used one of its own numbers twice. What it sent before is safe. Reload the"
        " page and enter this step again."
    )


class NobodyThere(DomainError):
    code = "nobody_there"
    sentence = _("There is no room there that this could be sent to. Choose another place.")


class WordsMissing(DomainError):
    code = "words_missing"
    status = 400
    sentence = _("Write the words of the announcement. Nothing was sent.")


class MinutesMissing(DomainError):
    code = "minutes_missing"
    status = 400
    sentence = _("Write how many minutes more, from 1 to 600. Nothing was sent.")


class NotUnderstood(DomainError):
    code = "schema"
    status = 400
    sentence = _("The server did not understand what was sent. Reload the page.")


class Busy(DomainError):
    code = "busy"
    status = 503
    sentence = _("Very many rooms are sending at once. Your step is kept and sent again by itself.")


class DeviceRevoked(DomainError):
    code = "revoked"
    status = 403
    sentence = _("This device may no longer be used. What it had sent is safe.")


class TicketRefused(DomainError):
    code = "ticket"
    status = 403
    sentence = _("This ticket was used already, or is too old. The page asks for a new one itself.")


ERRORS: dict[str, type[DomainError]] = {
    error.code: error
    for error in (
        NotOnDuty, RoomNotOpen, AlreadyCheckedIn, AlreadyThere, NotFromHere, NotFromPhase,
        TooLate, TooEarly, ChiefOnly, HeadquartersOnly, SecondPersonNeeded, NotInRoom, OtherRoom,
        UnknownCard, CardRefused, SeatOccupied, NoSuchSeat, NotLast, NotSettled, NoIncident,
        IncidentClosed, NobodyThere, NumberReused, NotUnderstood, Busy, DeviceRevoked,
        TicketRefused, HeadOnly, OnlyReads, NotTold,
    )
}  # fmt: skip


def refusal(code: str, **facts: Any) -> DomainError:
    """The error that a refusal of the pure room becomes, its states as words."""
    for name, words in (("state", dict(SEAT_STATES)), ("phase", dict(PHASES))):
        if name in facts:
            facts[name] = words.get(facts[name], facts[name])
    return ERRORS.get(code, NotUnderstood)(**facts)
