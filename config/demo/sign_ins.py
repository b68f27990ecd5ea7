"""One sign-in for each kind of user of the demo, with the code that is good right now.

The password is printed and shown because these people are invented; the page exists only while
`make demo` serves.
"""

import time
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.common.identity import access_code, grouped
from centres.common.outbox import Letter, Said, said_by
from scheduling.models import (
    AllocationLine,
    Booking,
    Fee,
    Registration,
    SeatOffer,
    TakenPaper,
    WaitingEntry,
)
from scoring.models import CandidateScore, Outcome

PASSWORD = "sanamsob-demo"
USERNAMES = (
    "proctor", "proctor2", "chief", "headquarters", "observer", "examiner", "examiner2",
    "integrity", "integrity2", "staff", "staff2", "care", "auditor", "admin",
)  # fmt: skip


@dataclass(frozen=True)
class SignIn:
    username: str
    name: str
    roles: str
    code: str
    seconds: int


def demo_sign_ins() -> list[SignIn]:
    """The staff accounts of the demo in the order of the story, with fresh codes."""
    devices = TOTPDevice.objects.filter(user__username__in=USERNAMES, confirmed=True)
    found = {d.user.username: d for d in devices.select_related("user")}
    return [_sign_in(found[name]) for name in USERNAMES if name in found]


def code_of(device: TOTPDevice) -> tuple[str, int]:
    """The code of this moment that has not been used yet, and the seconds it stays good."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    # The device follows clocks that drift, and a code of the next half minute looks like one.
    step = max(totp.t(), device.last_t + 1) - device.drift
    totp.time = step * device.step + device.t0
    until = (step + 1 + device.tolerance) * device.step + device.t0
    return f"{totp.token():0{device.digits}d}", int(until - time.time())


def _sign_in(device: TOTPDevice) -> SignIn:
    code, seconds = code_of(device)
    user = device.user
    roles = ", ".join(str(role) for role in user.staff_roles.select_related("centre"))
    return SignIn(user.username, user.shown_name, roles, code, seconds)


@dataclass(frozen=True)
class CandidateSignIn:
    story: Promise
    name: str
    number: str
    code: str


def demo_candidates() -> list[CandidateSignIn]:
    """A few candidates of the demo, one for each turn of the story."""
    scores = CandidateScore.objects.order_by("-run_id", "registration_id")
    scored = scores.filter(outcome=Outcome.SCORED)
    stories: list[tuple[Promise, QuerySet[CandidateScore]]] = [
        (_("passed"), scored.filter(passed=True)),
        (_("did not pass"), scored.filter(passed=False)),
        (_("was absent"), scores.filter(outcome=Outcome.ABSENT)),
    ]
    found = [(story, rows.first()) for story, rows in stories]
    sat = [_candidate(story, score.registration_id) for story, score in found if score]
    unseated = Registration.objects.filter(sitting__allocation=None).order_by("pk")
    waiting = unseated.filter(wished_at__isnull=False).first()
    wishing = [_candidate(_("may still change wishes"), waiting.pk)] if waiting else []
    return sat + wishing + _of_several_papers() + _of_the_opening_day()


def _of_several_papers() -> list[CandidateSignIn]:
    """The one of those who take three papers whose way is the longest."""
    most = TakenPaper.objects.values("registration").annotate(n=Count("pk")).filter(n=3)
    lines = AllocationLine.objects.filter(registration__in=most.values("registration"))
    line = lines.order_by("-distance_km", "pk").first()
    return [_candidate(_("takes three papers"), line.registration_id)] if line else []


def _of_the_opening_day() -> list[CandidateSignIn]:
    """Those of the first-come sitting: a seat offered, a seat held, a fee due, waiting."""
    offer = SeatOffer.objects.filter(state="open").order_by("pk").first()
    held = Booking.objects.filter(state="held", offer=None).order_by("-made_at").first()
    due = Fee.objects.filter(state="due", paid=0).order_by("-pk").first()
    entry = WaitingEntry.objects.filter(state="waiting").order_by("pk").first()
    found = [
        (_("is offered a seat"), offer.entry.registration_id if offer else None),
        (_("holds a seat"), held.registration_id if held else None),
        (_("has a fee to pay"), due.registration_id if due else None),
        (_("waits for a seat"), entry.registration_id if entry else None),
    ]
    return [_candidate(story, key) for story, key in found if key is not None]


def demo_letters() -> list[tuple[Letter, Said]]:
    """The newest messages with all they say: in a demonstration nobody else receives them."""
    newest = Letter.objects.order_by("-pk")[:8]
    return [(letter, said_by(letter, get_language() or "th")) for letter in newest]


def _candidate(story: Promise, key: int) -> CandidateSignIn:
    registration = Registration.objects.select_related("candidate").get(pk=key)
    newest = registration.admission_cards.aggregate(version=Max("version"))["version"]
    code = grouped(access_code(registration.number, newest or 1))
    return CandidateSignIn(story, str(registration.candidate), registration.number, code)
