"""Pages of the balance: sheets against people, and who is without one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role
from scheduling.models import Paper, Registration, Sitting
from scoring.actions.balance import (
    explain_missing_sheet,
)
from scoring.errors import NotMissing, ReasonMissing
from scoring.forms import MissingForm
from scoring.models import (
    SignedMatter,
)
from scoring.queries.balance import balance
from scoring.views.acting import READERS, acted, may_act, pages_of
from scoring.views.person import nationwide, person_of
from scoring.views.signatures import signature_card


@require_GET
@nationwide(*READERS)
def balanced(request: HttpRequest, key: int) -> HttpResponse:
    """Do sheets equal people, in every room and in all?"""
    sitting = get_object_or_404(Sitting, pk=key)
    found = balance(sitting)
    uneven = sum(len(centre.uneven) for centre in found.centres)
    context = {
        "sitting": sitting,
        "found": found,
        "total": found.total,
        # Before any sheet is in, everybody is without one: nobody is asked to explain that.
        "page": pages_of(found.missing if found.total.sheets else [], request.GET, per_page=10),
        "heading": _balance_heading(uneven),
        "opened": request.GET.get("centre", ""),
        "form": MissingForm(),
        "may_act": may_act(request),
        "card": signature_card(request, sitting, SignedMatter.BALANCE),
    }
    return render(request, "scoring/staff/balance.html", context)


def _balance_heading(uneven: int) -> str:
    if not uneven:
        return _("Sheets equal people in every room")
    sentence = ngettext("%(count)s room does not balance", "%(count)s rooms do not balance", uneven)
    return sentence % {"count": f"{uneven:,}"}


@require_POST
@nationwide(Role.STAFF)
def explain(request: HttpRequest, key: int) -> HttpResponse:
    """Say why somebody who was present has no sheet."""
    sitting = get_object_or_404(Sitting, pk=key)
    acted(
        request,
        lambda: _explain(request, sitting),
        _("Kept on record; the result is held back until it is heard."),
    )
    return redirect("balance", sitting.pk)


def _explain(request: HttpRequest, sitting: Sitting) -> None:
    form = MissingForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing
    said = form.cleaned_data
    registration = Registration.objects.filter(sitting=sitting, pk=said["registration"]).first()
    paper = Paper.objects.filter(pk=said["paper"]).first()
    if registration is None or paper is None:
        raise NotMissing(number="–")
    explain_missing_sheet(
        registration=registration,
        paper=paper,
        kind=said["kind"],
        reason=said["reason"],
        by=person_of(request),
        at=timezone.now(),
    )
