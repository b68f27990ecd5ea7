"""Pages of the staff: what still stops the release, who signs, and the hour."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.models import Role, User
from scheduling.models import Sitting
from scheduling.queries.allocations import works_everywhere
from scoring.actions.publication import (
    OPEN_STATES,
    Signed,
    approve_publication,
    draft_publication,
    open_envelope,
    release_publication,
    send_publication_back,
    withdraw_publication,
)
from scoring.errors import NoAnalysis
from scoring.forms import DraftForm, ReasonForm, ReleaseCodeForm
from scoring.models import (
    Publication,
    PublicationState,
    ScalingRun,
    SealingRun,
)
from scoring.queries.gates import Gate
from scoring.queries.results import (
    Standing,
    newest_scaling,
    papers_of,
    score_distribution,
    standing,
)
from scoring.views import charts
from scoring.views.person import nationwide, person_of

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)
DESKS = {  # the page on which staff settle what a gate counts
    "exceptions": "exceptions",
    "readings": "readings",
    "sheets": "balance",
    "outcomes": "answer_sheets",
}


@require_GET
@nationwide(*READERS)
def publications(request: HttpRequest) -> HttpResponse:
    """Every sitting that has begun or has answers, and where its publication stands."""
    begun = Q(exam_sessions__starts_at__lte=timezone.now())
    answered = Q(response_files__isnull=False) | Q(scaling_runs__isnull=False)
    sittings = Sitting.objects.filter(begun | answered).distinct()
    shown = [
        (sitting, Publication.objects.filter(sitting=sitting).order_by("-version").first())
        for sitting in sittings.select_related("exam")
    ]
    if len(shown) == 1:
        return redirect("publication_gate", shown[0][0].pk)
    return render(request, "scoring/staff/publications.html", {"sittings": shown})


@require_GET
@nationwide(*READERS)
def gate(request: HttpRequest, key: int) -> HttpResponse:
    """What still stops release, and who must sign?"""
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    return _gate_page(request, sitting)


def _gate_page(request: HttpRequest, sitting: Sitting, **problems: Any) -> HttpResponse:
    scaling = newest_scaling(sitting)
    if scaling is None:
        return render(request, "scoring/staff/no_scores.html", {"sitting": sitting})
    now = standing(scaling)
    versions = list(
        Publication.objects.filter(sitting=sitting)
        .select_related("drafted_by", "approved_by", "withdrawn_by", "scaling")
        .order_by("-version")
    )
    newest = versions[0] if versions else None
    waiting = newest if newest and newest.state in OPEN_STATES else None
    out = next((one for one in versions if one.state == PublicationState.RELEASED), None)
    context = {
        "sitting": sitting,
        "scaling": scaling,
        "now": now,
        "gates": _gates_and_desks(now, scaling),
        "heading": _heading(now, waiting, out, scaling),
        "shares": charts.outcome_shares(now.outcomes),
        "passed_gates": len(now.gates) - len(now.problems),
        "papers": [_paper_drawing(scaling, spec) for spec in papers_of(scaling)],
        "publication": waiting,
        "released": out,
        "versions": versions,
        "sealing": SealingRun.objects.filter(publication=waiting).first() if waiting else None,
        "me": person_of(request),
        "may_act": _is_staff(request),
        "at": timezone.now(),
        "draft_form": DraftForm(),
        "code_form": ReleaseCodeForm(),
        "reason_form": ReasonForm(),
        **problems,
    }
    return render(request, "scoring/staff/gate.html", context)


def _gates_and_desks(now: Standing, scaling: ScalingRun) -> list[tuple[Gate, str]]:
    """Each gate with the address where staff settle it; none where examiners do."""
    desks = {code: reverse(page, args=[scaling.sitting_id]) for code, page in DESKS.items()}
    desks["second"] = reverse("second_scoring", args=[scaling.pk])
    return [(gate, desks.get(gate.code, "")) for gate in now.gates]


def _is_staff(request: HttpRequest) -> bool:
    return works_everywhere(person_of(request), Role.STAFF)


def _heading(
    now: Standing, waiting: Publication | None, out: Publication | None, scaling: ScalingRun
) -> str:
    if out is not None and waiting is None and out.scaling_id == scaling.pk:
        return _("The results are out: version %(version)s") % {"version": out.version}
    left = len(now.problems)
    if left:
        sentence = ngettext(
            "Not ready to publish: %(count)d matter is left",
            "Not ready to publish: %(count)d matters are left",
            left,
        )
        return sentence % {"count": left}
    if waiting is None:
        return _("Everything closes: the publication may be drafted")
    if waiting.state == PublicationState.DRAFTED:
        return _("Drafted: a second person must approve")
    if waiting.state == PublicationState.APPROVED:
        return _("Approved: the results book is being written")
    return _("The results book is sealed: both envelopes open it at the hour")


def _paper_drawing(scaling: ScalingRun, spec: Any) -> dict[str, Any]:
    rows = score_distribution(scaling, spec.paper)
    people = sum(count for _score, count in rows)
    drawing = charts.distribution(rows, low=spec.low, high=spec.high, cut=spec.cut)
    mean = sum(score * count for score, count in rows) / people if people else 0.0
    return {"spec": spec, "drawing": drawing, "people": people, "mean": mean, "rows": rows}


# --- what staff do --------------------------------------------------------------------------------


@require_POST
@never_cache
@nationwide(Role.STAFF)
def draft(request: HttpRequest, key: int) -> HttpResponse:
    """Draft a publication; the answer shows the drafter's release code, once."""
    sitting = get_object_or_404(Sitting, pk=key)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _gate_page(request, sitting, draft_form=form)
    scaling = newest_scaling(sitting)
    if scaling is None:
        raise NoAnalysis(form="")
    signed = draft_publication(
        scaling=scaling,
        release_at=form.cleaned_data["release_at"],
        cause=form.cleaned_data["cause"],
        by=person_of(request),
        at=timezone.now(),
    )
    return _show_code(request, signed)


@require_POST
@never_cache
@nationwide(Role.STAFF)
def approve(request: HttpRequest, key: int) -> HttpResponse:
    """Approve another's draft; the answer shows the approver's release code, once."""
    publication = get_object_or_404(Publication, pk=key)
    try:
        signed = approve_publication(
            publication=publication, by=person_of(request), at=timezone.now()
        )
    except DomainError as refusal:
        return _refused(request, publication, refusal)
    return _show_code(request, signed)


def _show_code(request: HttpRequest, signed: Signed) -> HttpResponse:
    """A code that is shown to one person and kept nowhere: not in a session, not in an address."""
    context = {"signed": signed, "publication": signed.publication}
    return render(request, "scoring/staff/release_code.html", context)


def _refused(request: HttpRequest, publication: Publication, refusal: DomainError) -> HttpResponse:
    messages.error(request, str(refusal))
    return redirect("publication_gate", publication.sitting_id)


def _acted(
    request: HttpRequest, key: int, act: Callable[[Publication, User], object], done: str
) -> HttpResponse:
    """Do one thing with a publication and return to its gate with a sentence either way."""
    publication = get_object_or_404(Publication, pk=key)
    try:
        act(publication, person_of(request))
    except DomainError as refusal:
        return _refused(request, publication, refusal)
    messages.success(request, done)
    return redirect("publication_gate", publication.sitting_id)


@require_POST
@nationwide(Role.STAFF)
def send_back(request: HttpRequest, key: int) -> HttpResponse:
    """End a publication that is not out yet."""

    def act(publication: Publication, by: User) -> None:
        reason = request.POST.get("reason", "")
        send_publication_back(publication=publication, reason=reason, by=by, at=timezone.now())

    return _acted(request, key, act, _("Sent back. It stays on record; draft again when ready."))


@require_POST
@nationwide(Role.STAFF)
def envelope(request: HttpRequest, key: int) -> HttpResponse:
    """Enter one's release code."""

    def act(publication: Publication, by: User) -> None:
        code = request.POST.get("code", "")
        open_envelope(publication=publication, code=code, by=by, at=timezone.now())

    return _acted(request, key, act, _("Your envelope is open. Results wait for the hour."))


@require_POST
@nationwide(Role.STAFF)
def release(request: HttpRequest, key: int) -> HttpResponse:
    """Let the results out, when both envelopes are open and the hour has come."""

    def act(publication: Publication, by: User) -> None:
        release_publication(publication=publication, by=by, at=timezone.now())

    return _acted(request, key, act, _("The results are out, all of them, in this moment."))


@require_POST
@nationwide(Role.STAFF)
def withdraw(request: HttpRequest, key: int) -> HttpResponse:
    """Take results back that are out."""

    def act(publication: Publication, by: User) -> None:
        reason = request.POST.get("reason", "")
        withdraw_publication(publication=publication, reason=reason, by=by, at=timezone.now())

    return _acted(request, key, act, _("The results are withdrawn, all of them, in this moment."))


@require_GET
@nationwide(*READERS)
def sealing_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far the writing of a results book is."""
    run = get_object_or_404(SealingRun, pk=key)
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})
