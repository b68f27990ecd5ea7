"""What two people sign for: where the signatures of a matter stand, and signing and taking back."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from centres.models import Role
from scheduling.models import Sitting
from scoring.actions.balance import (
    sign_intake,
    withdraw_intake_signature,
)
from scoring.errors import NothingToSign, ReasonMissing
from scoring.forms import ReasonForm, SignatureForm
from scoring.models import (
    IntakeSignature,
    SignedMatter,
)
from scoring.queries.intake import (
    balance_figures,
    matter_digest,
    reading_figures,
    signatures_of,
)
from scoring.queries.readings import readings
from scoring.queries.responses import reconciliation
from scoring.views.acting import acted
from scoring.views.person import nationwide, person_of


def signature_card(request: HttpRequest, sitting: Sitting, matter: SignedMatter) -> dict[str, Any]:
    """Where the signatures for a matter stand: nothing to sign, waiting, or signed by two."""
    if matter == SignedMatter.BALANCE:
        figures = balance_figures(reconciliation(sitting))
    else:
        figures = reading_figures(readings(sitting))
    digest = matter_digest(figures)
    now = signatures_of(sitting).filter(matter=matter, withdrawn_at=None)
    signature = now.filter(digest=digest).first() if figures else None
    return {
        "matter": matter,
        "open": bool(figures),
        "digest": digest,
        "signature": signature,
        "is_mine": signature is not None and signature.first_by_id == person_of(request).pk,
        "older": now.exclude(digest=digest),
        "form": SignatureForm(initial={"digest": digest}),
        "reason_form": ReasonForm(),
    }


@require_POST
@nationwide(Role.STAFF)
def sign(request: HttpRequest, key: int, matter: str) -> HttpResponse:
    """Sign for what does not close, as the first or the second."""
    sitting = get_object_or_404(Sitting, pk=key)
    if matter not in SignedMatter.values:
        raise Http404
    acted(
        request,
        lambda: _sign(request, sitting, matter),
        _("Signed, with your name and your reason."),
    )
    return redirect("balance" if matter == SignedMatter.BALANCE else "readings", sitting.pk)


def _sign(request: HttpRequest, sitting: Sitting, matter: str) -> None:
    form = SignatureForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing if "reason" in form.errors else NothingToSign
    sign_intake(
        sitting=sitting,
        matter=matter,
        digest=form.cleaned_data["digest"],
        reason=form.cleaned_data["reason"],
        by=person_of(request),
        at=timezone.now(),
    )


@require_POST
@nationwide(Role.STAFF)
def take_back(request: HttpRequest, key: int) -> HttpResponse:
    """Take back what was signed for."""
    signature = get_object_or_404(IntakeSignature, pk=key)
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    acted(
        request,
        lambda: withdraw_intake_signature(signature=signature, reason=reason, by=by, at=at),
        _("Taken back. It can be signed anew."),
    )
    page = "balance" if signature.matter == SignedMatter.BALANCE else "readings"
    return redirect(page, signature.sitting_id)
