"""What the opening day refuses: in the line, on the list, about fees; each says what next."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from scheduling.errors import Untimely

# --- holding -----------------------------------------------------------------------------------


class HoldUsedUp(Untimely):
    """One hold after another without confirming keeps seats from others."""

    code = "hold_used_up"
    sentence = _(
        "You have held seats as long as anybody may without confirming one. "
        "Confirm the seat you hold, or choose again from %(again)s."
    )


class HoldNotExtended(DomainError):
    code = "hold_not_extended"
    sentence = _(
        "Your time for this seat cannot be lengthened again. Confirm it now, or it is free for "
        "others when the time is over."
    )


class OverlapsAnother(DomainError):
    code = "overlaps_another"
    sentence = _(
        "You have a seat in another exam session at the same time. Nothing was changed. "
        "Choose another exam session, or give the other seat back first."
    )


class SessionRefused(DomainError):
    code = "session_refused"
    sentence = _(
        "You said that you cannot come to this exam session. Nothing was changed. Choose another, "
        "or ask the office to take back what you said."
    )


class NotYourPaper(DomainError):
    code = "not_your_paper"
    sentence = _(
        "You do not take the paper of this exam session. Nothing was changed. "
        "Choose an exam session of your own papers."
    )


class ExtraTimeRunsOver(DomainError):
    code = "extra_time_runs_over"
    sentence = _(
        "Your %(minutes)d extra minutes would run into the next exam session here. Nothing was "
        "changed. Choose the last exam session of a day, or one with a longer pause after it."
    )


class SeatGoesToTheList(DomainError):
    code = "seat_goes_to_the_list"
    sentence = _(
        "People wait for places here, so a place that comes back is offered to the first of them. "
        "Join the waiting list, or choose another centre or session."
    )


class OfferOpen(Untimely):
    code = "offer_open"
    sentence = _(
        "A seat from the waiting list is yours until %(until)s. Accept or decline it first, "
        "then choose another."
    )


class TooBusy(DomainError):
    """More wait to be answered than can be in good time; nothing was lost by it."""

    code = "too_busy"
    status = 429
    sentence = _(
        "Very many people are choosing at this moment. Nothing was changed. "
        "Send it again in a few seconds; the same page is never counted twice."
    )


# --- the line before the opening ---------------------------------------------------------------


class NoQueue(DomainError):
    code = "no_queue"
    status = 404
    sentence = _("This sitting has no line to wait in. Choose your seat on the map of seats.")


class QueueNotOpenYet(Untimely):
    code = "queue_not_open_yet"
    sentence = _(
        "The line can be joined from %(opens)s. Until the opening the order is drawn by lot, so "
        "nothing is gained by being first."
    )


class JoinTheQueue(DomainError):
    code = "join_the_queue"
    sentence = _("This sitting is entered through a line. Take your place in it first.")


class NotYourTurn(Untimely):
    code = "not_your_turn"
    sentence = _("It is your turn from %(turn)s. Your place is kept; you may close this page.")


class QueuePaused(DomainError):
    code = "queue_paused"
    sentence = _(
        "The line is standing still for a moment. Your place is kept; look again in a few minutes."
    )


class QueueTooLate(DomainError):
    code = "queue_too_late"
    sentence = _(
        "A line is set up before anybody can join it, and before booking opens: otherwise its seed "
        "could be chosen to suit somebody. Name a later moment."
    )


class QueueExists(DomainError):
    code = "queue_exists"
    sentence = _("This sitting has its line already. Its seed and its hours stay as they are.")


class NotFirstCome(DomainError):
    code = "not_first_come"
    sentence = _("Seats of this sitting are given by wishes, so there is no line to wait in.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    status = 400
    sentence = _("Say why. The reason is kept with the change. Nothing was changed.")


# --- the waiting list --------------------------------------------------------------------------


class PlacesAreFree(DomainError):
    code = "places_are_free"
    sentence = _("There are free places of your kind there. Choose one on the map of seats.")


class WaitWrong(DomainError):
    code = "wait_wrong"
    status = 400
    sentence = _(
        "Say what you wait for: an exam session at a centre, a centre, or all centres within 1 to "
        "1,000 km, with places of your kind. Your place on the list is unchanged."
    )


class NotWaiting(DomainError):
    code = "not_waiting"
    sentence = _("You are not on the waiting list. There is nothing to leave.")


class NothingOffered(DomainError):
    code = "nothing_offered"
    sentence = _(
        "No seat is offered to you now. Your place on the waiting list, if you have one, is kept."
    )


class OfferOver(Untimely):
    code = "offer_over"
    sentence = _(
        "This offer was open until %(until)s and has gone to the next person. "
        "You can join the waiting list again."
    )


# --- fees --------------------------------------------------------------------------------------


class FeeWrong(DomainError):
    code = "fee_wrong"
    status = 400
    sentence = _("A fee is more than nothing and there is at least an hour to pay it.")


class NoFeeDue(DomainError):
    code = "no_fee_due"
    sentence = _("No fee is due for this registration. Nothing was changed.")


class PaymentsReadBefore(Untimely):
    code = "payments_read_before"
    sentence = _(
        "This file was read on %(at)s as %(name)s. Every payment in it is counted; nothing was "
        "changed."
    )


class PaymentFileWrong(DomainError):
    code = "payment_file_wrong"
    status = 400
    sentence = _(
        "%(name)s has %(many)d faults, the first of them: %(first)s Nothing was read. Ask the bank "
        "for the file again, or mend the line and send it once more."
    )


class PaymentNotUnknown(DomainError):
    code = "payment_not_unknown"
    sentence = _("This payment has been settled before. Nothing was changed.")


class RefundSent(DomainError):
    code = "refund_sent"
    sentence = _("This refund was sent before. Nothing was changed.")


class TransferNumberMissing(DomainError):
    code = "transfer_number_missing"
    status = 400
    sentence = _("Write the number the bank gave the transfer. Nothing was changed.")


class DoorsOpen(DomainError):
    code = "doors_open"
    sentence = _(
        "The doors of this exam session are open: nobody is moved into it or out of it any more. "
        "Call the centre; nothing was changed."
    )


class SeatGone(DomainError):
    code = "seat_gone"
    sentence = _("This seat is not yours any more. Nothing was changed.")
