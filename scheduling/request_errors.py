"""What can be refused about applications and arrangements, with a sentence that says what to do."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from scheduling.errors import Untimely


class ApplicationsClosed(Untimely):
    code = "applications_closed"
    sentence = _("This sitting took registrations until %(until)s. Choose a later one.")


class ApplicationOpen(DomainError):
    code = "application_open"
    sentence = _(
        "You have asked for this sitting already. Look at your application; nothing was sent twice."
    )


class ApplicationDecided(DomainError):
    code = "application_decided"
    sentence = _("This application was decided before, perhaps by a colleague. Load it again.")


class PersonKnown(DomainError):
    """Only a person's own access code joins a known record to an account, never an officer."""

    code = "person_known"
    sentence = _(
        "This identity number belongs to a candidate who is known already, under another account "
        "or none. Send the application back: its sender joins the record with its registration "
        "number and access code."
    )


class ReasonMissing(DomainError):
    code = "reason_missing"
    status = 422
    sentence = _("Write the reason: the person reads it, and it stays on record.")


class AccountHasCandidate(DomainError):
    code = "account_has_candidate"
    sentence = _(
        "This account belongs to a candidate already. One person has one account: sign in with "
        "number and code instead."
    )


class CandidateHasAccount(DomainError):
    code = "candidate_has_account"
    sentence = _(
        "This registration belongs to another account. Sign in with that one; if you have lost it, "
        "choose a new password there."
    )


class RequestOpen(DomainError):
    code = "request_open"
    sentence = _(
        "An officer has your earlier request. Wait for the decision, or withdraw it and send "
        "another."
    )


class ArrangementTooLate(Untimely):
    code = "arrangement_too_late"
    sentence = _(
        "Your last exam session began %(began)s, so nothing can be arranged for it any more. In "
        "the room tell the proctor what you need; afterwards call the office: what happened is on "
        "record."
    )


class RequestDecided(DomainError):
    code = "request_decided"
    sentence = _("This request was decided or withdrawn before. Load it again.")


class ArrangementMissing(DomainError):
    code = "arrangement_missing"
    status = 422
    sentence = _("Choose at least one arrangement.")


class MinutesMissing(DomainError):
    code = "minutes_missing"
    status = 422
    sentence = _(
        "Extra time needs a number of minutes from 1 to 180, and minutes need extra time granted."
    )


class HoursWrong(DomainError):
    code = "hours_wrong"
    status = 422
    sentence = _(
        "The hours must follow one another: opening, close, last move. An opening that has passed "
        "stays as it was. Nothing was changed."
    )


class SeatInUse(DomainError):
    code = "seat_in_use"
    sentence = _(
        "Seat %(seat)s is somebody's: registration %(number)s. Move that person first, then block "
        "the seat. Nothing was changed."
    )


class SeatNotFound(DomainError):
    code = "seat_not_found"
    status = 404
    sentence = _(
        "There is no such seat. Write the room and the seat as they stand on its door list, such "
        "as room 214 and seat B3."
    )


class FileMissing(DomainError):
    code = "file_missing"
    status = 400
    sentence = _("Choose the bank's file first. Nothing was read.")


class FeeNotFound(DomainError):
    code = "fee_not_found"
    status = 404
    sentence = _(
        "No fee has this reference. Compare it with the person's page; nothing was changed."
    )
