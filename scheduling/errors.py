"""What can be refused before the day, each with a sentence that says what to do."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from centres.templatetags.exam_text import moment


class Untimely(DomainError):
    """Asked too early or too late; moments among the facts are written for the reader."""

    def __str__(self) -> str:
        shown = {
            name: moment(fact) if isinstance(fact, datetime) else fact
            for name, fact in self.facts.items()
        }
        return str(self.sentence) % shown


# --- registrations -----------------------------------------------------------------------------


class AlreadyRegistered(DomainError):
    code = "already_registered"
    sentence = _("%(number)s is already registered for this sitting. Nothing was imported.")


class RoomsAlreadyOpen(DomainError):
    code = "rooms_already_open"
    sentence = _("The rooms of this sitting are open already. Nothing was changed.")


class NoRoomsToOpen(DomainError):
    code = "no_rooms_to_open"
    sentence = _(
        "There is nothing to open: the sitting needs an exam session and a centre needs a room in "
        "use. The administrator adds both."
    )


class AlreadyWithdrawn(DomainError):
    code = "already_withdrawn"
    sentence = _("This registration was withdrawn before. There is nothing left to do.")


class DoorsWereOpened(Untimely):
    code = "doors_were_opened"
    sentence = _(
        "The doors of your exam opened %(opened)s, so you cannot withdraw any more. Your seat and "
        "your result stay yours."
    )


class WishesClosed(Untimely):
    code = "wishes_closed"
    sentence = _(
        "Wishes are taken from %(opens)s until %(closes)s. The last list you sent in time counts."
    )


class WishesWrong(DomainError):
    code = "wishes_wrong"
    status = 400
    sentence = _(
        "List 1 to %(most)d wishes, no place twice, all of this sitting. "
        "Your earlier list is unchanged."
    )


# --- bookings ----------------------------------------------------------------------------------


class SeatTaken(DomainError):
    code = "seat_taken"
    sentence = _(
        "Seat %(seat)s went to someone else first. What you had before is unchanged. "
        "Choose another on the new map."
    )


class SeatNotForYou(DomainError):
    """The seat exists but is broken, in another room, or kept for an arrangement."""

    code = "seat_not_for_you"
    sentence = _(
        "Seat %(seat)s cannot be booked by you: it is out of use or kept for people who need it. "
        "Choose another on the map."
    )


class PoolFull(DomainError):
    code = "pool_full"
    sentence = _(
        "Every place of your kind at this centre in this exam session is taken. "
        "What you had before is unchanged. Choose another centre or session."
    )


class BookingClosed(Untimely):
    code = "booking_closed"
    sentence = _("Seats can be changed until %(until)s. Your seat is as it was then.")


class BookingNotOpen(Untimely):
    code = "booking_not_open"
    sentence = _("Seats can be chosen from %(opens)s. Come back then; no place is lost by waiting.")


class SeatsNotGivenYet(DomainError):
    code = "seats_not_given_yet"
    sentence = _("Everybody gets a seat at the same moment. You can move once you have yours.")


class HoldExpired(Untimely):
    code = "hold_expired"
    sentence = _(
        "Your hold on seat %(seat)s ended at %(until)s. What you had before is still yours. "
        "Choose again on the map."
    )


class HoldChanged(DomainError):
    code = "hold_changed"
    sentence = _(
        "Another page of yours holds seat %(seat)s now, not the one on this page. Nothing was "
        "changed. Look at the map and confirm the seat you want."
    )


class AlreadyBooked(DomainError):
    code = "already_booked"
    sentence = _("You have a seat for this paper already. Move it instead of booking another.")


class NothingHeld(DomainError):
    code = "nothing_held"
    sentence = _("You hold no seat to confirm. Choose one on the map first.")


class RetryKeyReused(DomainError):
    """One retry key, two different requests: a fault of the sender, never answered with a seat."""

    code = "retry_key_reused"
    status = 400
    sentence = _("This page was sent before for another seat. Load the map again and choose there.")


# --- admission cards ---------------------------------------------------------------------------


class NoSeatYet(DomainError):
    code = "no_seat_yet"
    sentence = _("There is no seat yet, so there is no admission card. The card follows the seat.")


class NoCard(DomainError):
    code = "no_card"
    status = 404
    sentence = _("No admission card has been issued yet. It appears here when it is.")


class CardForged(DomainError):
    code = "card_forged"
    status = 400
    sentence = _("This code was not made by us. Check the person's identity and call the chief.")


class CardWithdrawn(DomainError):
    code = "card_withdrawn"
    sentence = _(
        "This card was withdrawn. Ask for the newest card of registration %(number)s, "
        "or find the person on the door list."
    )


# --- allocation --------------------------------------------------------------------------------


class NothingToAllocate(DomainError):
    code = "nothing_to_allocate"
    sentence = _(
        "There is nobody to seat, or there are no places. Import registrations and open rooms, "
        "then start again."
    )


class PlacesMissing(DomainError):
    code = "places_missing"
    sentence = _(
        "There are not enough places. %(shortages)s Nothing was changed. Open more rooms, "
        "then start again."
    )


class RoomsMissing(DomainError):
    code = "rooms_missing"
    sentence = _(
        "%(centre)s, exam session %(session)s: %(people)d people were given “%(access)s”, but the "
        "rooms have %(chairs)d such chairs. Lower that seat pool or open a room. "
        "Nothing was changed."
    )


class AllocationRunning(DomainError):
    code = "allocation_running"
    sentence = _("An allocation of this sitting is already running. Wait for it, or stop it first.")


class AllocationNotDone(DomainError):
    code = "allocation_not_done"
    sentence = _("Only a finished allocation can be accepted. Nothing was changed.")


class AllocationAccepted(DomainError):
    code = "allocation_accepted"
    sentence = _("An allocation of this sitting was accepted before. Its bookings stand.")


class SeatsBookedAlready(DomainError):
    code = "seats_booked_already"
    sentence = _(
        "%(bookings)d seats of this sitting are booked already. An allocation gives all seats at "
        "once; cancel those bookings first."
    )


class WishesStillOpen(DomainError):
    code = "wishes_still_open"
    sentence = _(
        "Wishes are taken until %(until)s. Accept an allocation after that, when the list is final."
    )


class InputsChanged(DomainError):
    code = "inputs_changed"
    sentence = _(
        "Registrations, wishes or rooms have changed since this allocation was computed. "
        "Nothing was booked. Run it again and accept the new one."
    )


class ProofFails(DomainError):
    code = "proof_fails"
    sentence = _(
        "The stored plan does not pass its own check (%(faults)s). Nothing was booked. "
        "Run the allocation again, and tell the operator."
    )


class SecondPersonNeeded(DomainError):
    code = "second_person_needed"
    sentence = _(
        "You asked for this plan, so another person must accept it. Nothing was booked. "
        "Send a colleague the address of this page."
    )


class SeedCommitted(DomainError):
    code = "seed_committed"
    sentence = _(
        "The seed of this lottery was committed to before: %(commitment)s. It stays as it is."
    )


class CommitmentTooLate(DomainError):
    code = "commitment_too_late"
    sentence = _(
        "Wishes closed on %(until)s. A seed can be committed to only before that, "
        "or it could be chosen to suit them."
    )


class NoPlanInForce(DomainError):
    code = "no_plan_in_force"
    sentence = _("No plan of this sitting has been accepted yet, so there is nothing to change.")


class PlanNotFollowing(DomainError):
    code = "plan_not_following"
    sentence = _(
        "Another plan has come into force since this one was computed. Nothing was changed. "
        "Compute it again."
    )


class SeatTakenSince(DomainError):
    code = "seat_taken_since"
    sentence = _(
        "%(seats)d seats of this plan have been taken by others since. Nothing was changed. "
        "Study the moves again."
    )


class ProctorNotFree(DomainError):
    code = "proctor_not_free"
    sentence = _(
        "%(name)s cannot take this duty: of another centre, in another room at that time, or of "
        "the institution of somebody who sits there. Nothing was changed."
    )


# --- allocation of plain files -----------------------------------------------------------------


class FileNotRead(DomainError):
    code = "file_not_read"
    sentence = _("%(file)s cannot be read or written: %(why)s. Nothing was written.")


class FileEmpty(DomainError):
    code = "file_empty"
    sentence = _("%(file)s has no rows. Nothing was written.")


class HeadingsMissing(DomainError):
    code = "headings_missing"
    sentence = _("The first line of %(file)s lacks: %(missing)s. Nothing was written.")


class FileRowWrong(DomainError):
    code = "file_row_wrong"
    sentence = _("%(file)s, line %(line)d, %(name)s: %(why)s. Nothing was written.")


class TooFewPlaces(DomainError):
    code = "too_few_places"
    sentence = _(
        "Places missing: %(missing)d. There are %(people)d candidates and %(places)d places. "
        "Nothing was written."
    )


class TableBroken(DomainError):
    code = "table_broken"
    status = 400
    sentence = _("%(name)s is not a published table, or it is damaged (%(where)s). Load it again.")


class TableMissing(DomainError):
    code = "table_missing"
    sentence = _(
        "There is no table of this plan to publish: it is kept when a plan for everybody is "
        "accepted. Nothing was changed."
    )


class NoSuchRegistration(DomainError):
    code = "no_such_registration"
    status = 400
    sentence = _(
        "No accepted registration of this sitting has the number %(number)s. Compare its ten "
        "digits with the admission card or the list. Two different people are needed for a pair."
    )


class NoSuchSession(DomainError):
    code = "no_such_session"
    status = 400
    sentence = _(
        "There is no exam session %(session)s in this sitting. Write its number, such as 2."
    )


class NoSuchSeat(DomainError):
    code = "no_such_seat"
    status = 400
    sentence = _(
        "There is no usable seat %(place)s in this sitting. Write centre code, room and seat, such "
        "as C03/1101/A1."
    )


class RequestedAlready(DomainError):
    code = "requested_already"
    sentence = _("This stands in the list already. Take the old one back first to change it.")


class ExamBegun(DomainError):
    code = "exam_begun"
    sentence = _(
        "Every exam session of this sitting has begun or is over: nobody can be moved any more. "
        "Nothing was changed."
    )
