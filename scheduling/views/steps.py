"""All steps of one candidate, from registering to the result, with the one to do now."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from centres.templatetags.exam_text import day, moment
from scheduling.models import Fee, FeeState, SittingMode
from scheduling.queries.sittings import Standing


@dataclass(frozen=True)
class Step:
    """One step. `state` is done, now, later, past (over, whether they came or not), or look:
    another page knows more. Only the step to do now and the one to look at have an address."""

    name: str
    state: str = "later"
    hint: str = ""
    page: str = ""

    @property
    def address(self) -> str:
        return reverse(self.page) if self.page and self.state in ("now", "look") else ""


def steps_of(standing: Standing, fee: Fee | None = None) -> list[Step]:
    """The candidate's steps in their order."""
    registered = Step(_("You are registered"), "done", day(standing.registration.registered_at))
    wishes = [_wishes(standing)] if standing.sitting.mode == SittingMode.WISHES else []
    paid = [_paid(fee)] if fee and standing.bookings else []
    return [registered, *wishes, _seat(standing), *paid, _card(standing, fee), *_exam(standing)]


def _paid(fee: Fee) -> Step:
    if fee.state == FeeState.DUE:
        hint = _("until %(until)s") % {"until": moment(fee.due_at)}
        return Step(_("Pay the fee"), "now", hint, "candidate_fee")
    if fee.state == FeeState.LAPSED:
        return Step(_("The fee was not paid in time"), "look", page="candidate_fee")
    return Step(_("Fee"), "done", fee.get_state_display())


def _wishes(standing: Standing) -> Step:
    if standing.stage == "wish":
        closes = moment(standing.sitting.closes_at)
        return Step(_("Send your wishes"), "now", closes, "candidate_wishes")
    if standing.registration.wished_at:
        return Step(_("Wishes sent"), "done", moment(standing.registration.wished_at))
    return Step(_("No wishes sent"), "later", _("You get a seat all the same."))


def _seat(standing: Standing) -> Step:
    if standing.bookings:
        rank = standing.wish_rank
        granted = _("Your wish number %(rank)s") % {"rank": rank} if rank else ""
        return Step(_("Seat given"), "done", granted)
    if standing.stage == "choose":
        return Step(_("Choose your seat"), "now", page="candidate_seats")
    if standing.stage == "line":
        return Step(_("Your place in the line"), "now", page="candidate_queue")
    return Step(_("A seat"))


def _card(standing: Standing, fee: Fee | None) -> Step:
    owes = fee is not None and fee.state == FeeState.DUE
    if standing.stage == "seated" and standing.card and not owes:
        hint = _("Nobody enters without it.")
        return Step(_("Print the admission card"), "now", hint, "candidate_card")
    return Step(_("Admission card"), "done" if standing.card else "later")


def _exam(standing: Standing) -> list[Step]:
    begins = moment(standing.first_session.starts_at) if standing.first_session else ""
    if standing.stage == "sat":
        return [Step(_("The exam"), "past", begins), Step(_("The result"), "look", page="result")]
    return [Step(_("The exam"), "later", begins), Step(_("The result"))]
