"""Pages of the staff between paper and score: odd lines, two readings, the balance, signatures."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.models import Role
from scheduling.models import Paper, Registration, Sitting
from scheduling.queries.allocations import works_everywhere
from scoring.actions.balance import (
    explain_missing_sheet,
    sign_intake,
    withdraw_intake_signature,
)
from scoring.actions.responses import (
    set_exception_aside,
    set_exceptions_aside,
    take_exception,
)
from scoring.actions.second_reading import settle_alike, settle_difference
from scoring.actions.second_scoring import start_second_scoring
from scoring.errors import NothingToSign, NotMissing, ReasonMissing
from scoring.forms import MissingForm, ReasonForm, SignatureForm, TakeForm
from scoring.models import (
    IntakeSignature,
    ReadingDifference,
    ResponseException,
    ScalingRun,
    SecondScoring,
    SignedMatter,
)
from scoring.queries.balance import balance
from scoring.queries.exceptions import line_detail
from scoring.queries.intake import (
    balance_figures,
    matter_digest,
    reading_figures,
    signatures_of,
    waiting_by_kind,
)
from scoring.queries.readings import differences_of, mark_pairs, readings
from scoring.queries.responses import reconciliation
from scoring.views.person import nationwide, person_of

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)
PER_PAGE = 25


def may_act(request: HttpRequest) -> bool:
    """Whether this person may decide, and not only read."""
    return works_everywhere(person_of(request), Role.STAFF)


def acted(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Do one thing and say what came of it, or why it was refused."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)


def pages_of(found: Any, query: QueryDict, per_page: int = PER_PAGE) -> Any:
    """One page of rows; the rest of the address stays as it is."""
    page = Paginator(found, per_page).get_page(query.get("page", "1"))
    kept = query.copy()
    kept.pop("page", None)
    page.kept = kept.urlencode()  # type: ignore[attr-defined]
    return page


# --- odd lines ------------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def exceptions(request: HttpRequest, key: int) -> HttpResponse:
    """Which lines wait for a person, by what is wrong with them?"""
    sitting = get_object_or_404(Sitting, pk=key)
    kinds = waiting_by_kind(sitting)
    kind = request.GET.get("kind", "")
    lines = ResponseException.objects.filter(file__sitting=sitting).select_related(
        "file", "resolved_by"
    )
    chosen = lines.filter(resolution="") if kind != "decided" else lines.exclude(resolution="")
    if kind in {code for code, _name, _count in kinds}:
        chosen = chosen.filter(kind=kind)
    waiting = sum(count for _code, _name, count in kinds)
    heading = _("No line waits: every odd sheet was decided by a person")
    if waiting:
        sentence = ngettext(
            "%(count)s line waits for a person", "%(count)s lines wait for a person", waiting
        )
        heading = sentence % {"count": f"{waiting:,}"}
    context = {
        "sitting": sitting,
        "heading": heading,
        "kinds": kinds,
        "kind": kind,
        "waiting": waiting,
        "decided": lines.exclude(resolution="").count(),
        "page": pages_of(chosen.order_by("file_id", "line", "pk"), request.GET),
        "may_act": may_act(request) and kind != "decided",
    }
    return render(request, "scoring/staff/exceptions.html", context)


@require_POST
@nationwide(Role.STAFF)
def set_aside(request: HttpRequest, key: int) -> HttpResponse:
    """Set several lines aside with one reason: those that were ticked on one page, or none."""
    sitting = get_object_or_404(Sitting, pk=key)
    ticked = [int(one) for one in request.POST.getlist("line") if one.isdecimal()][:PER_PAGE]
    lines = list(ResponseException.objects.filter(file__sitting=sitting, pk__in=ticked))
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    if not lines:
        messages.error(request, _("Tick the lines first that this reason is for."))
    else:
        count = len(lines)
        said = ngettext("%(count)d line was set aside.", "%(count)d lines were set aside.", count)
        acted(
            request,
            lambda: set_exceptions_aside(exceptions=lines, reason=reason, by=by, at=at),
            said % {"count": count},
        )
    return redirect("exceptions", sitting.pk)


@require_http_methods(["GET", "POST"])
@nationwide(*READERS)
def line(request: HttpRequest, key: int) -> HttpResponse:
    """Whose sheet is this line, and what lies there already?"""
    exception = get_object_or_404(
        ResponseException.objects.select_related("file__sitting", "resolved_by"), pk=key
    )
    if request.method == "POST":
        return _resolve_line(request, exception)
    detail = line_detail(exception)
    context = {
        "line": exception,
        "sitting": exception.file.sitting,
        "detail": detail,
        "may_act": may_act(request) and not exception.resolution,
    }
    return render(request, "scoring/staff/exception.html", context)


def _resolve_line(request: HttpRequest, exception: ResponseException) -> HttpResponse:
    if not may_act(request):
        raise Http404
    acted(
        request,
        lambda: _decide_line(request, exception),
        _("Line %(line)s is decided.") % {"line": exception.line},
    )
    exception.refresh_from_db()
    if exception.resolution:
        return redirect("exceptions", exception.file.sitting_id)
    return redirect("resolve_exception", exception.pk)


def _decide_line(request: HttpRequest, exception: ResponseException) -> None:
    by, at = person_of(request), timezone.now()
    if request.POST.get("answer") == "aside":
        reason = request.POST.get("reason", "")
        set_exception_aside(exception=exception, reason=reason, by=by, at=at)
        return
    form = TakeForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing
    take_exception(exception=exception, by=by, at=at, **form.cleaned_data)


# --- two readings ---------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def reading(request: HttpRequest, key: int) -> HttpResponse:
    """Were all sheets read twice, and where do the readings differ?"""
    sitting = get_object_or_404(Sitting, pk=key)
    read = readings(sitting)
    found = differences_of(sitting)
    show = "decided" if request.GET.get("show") == "decided" else "waiting"
    chosen = (
        found.filter(resolved_at=None) if show == "waiting" else found.exclude(resolved_at=None)
    )
    page = pages_of(chosen, request.GET, per_page=10)
    context = {
        "sitting": sitting,
        "read": read,
        "show": show,
        "heading": _reading_heading(read.waiting, read.once),
        "page": page,
        "rows": [(difference, mark_pairs(difference)) for difference in page],
        "decided": read.differences - read.waiting,
        "may_act": may_act(request),
        "card": signature_card(request, sitting, SignedMatter.READING),
    }
    return render(request, "scoring/staff/readings.html", context)


def _reading_heading(waiting: int, once: int) -> str:
    if waiting:
        sentence = ngettext(
            "%(count)s sheet was read in two ways",
            "%(count)s sheets were read in two ways",
            waiting,
        )
        return sentence % {"count": f"{waiting:,}"}
    if once:
        sentence = ngettext(
            "%(count)s sheet was read only once", "%(count)s sheets were read only once", once
        )
        return sentence % {"count": f"{once:,}"}
    return _("Every paper sheet was read twice, and both readings agree or are settled")


@require_POST
@nationwide(Role.STAFF)
def settle(request: HttpRequest, key: int) -> HttpResponse:
    """Decide what one sheet says, mark by mark."""
    difference = get_object_or_404(ReadingDifference.objects.select_related("file"), pk=key)
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    acted(
        request,
        lambda: settle_difference(
            difference=difference,
            answers=_chosen(request.POST, difference),
            reason=reason,
            by=by,
            at=at,
        ),
        _("Line %(line)s is decided.") % {"line": difference.line},
    )
    return redirect("readings", difference.file.sitting_id)


def _chosen(post: QueryDict, difference: ReadingDifference) -> str:
    """The answers that were ticked: a reading whole, or at each place one of the two marks."""
    whole = post.get("whole", "")
    if whole in ("first", "second"):
        return difference.first if whole == "first" else difference.second
    if whole == "none":
        return ""
    marks = list(difference.first)
    for place, second in _second_marks(post, difference):
        marks[place - 1] = second
    return "".join(marks)


def _second_marks(post: QueryDict, difference: ReadingDifference) -> Iterator[tuple[int, str]]:
    for pair in mark_pairs(difference):
        if post.get(f"place-{pair.place}") == "second":
            yield pair.place, pair.second


@require_POST
@nationwide(Role.STAFF)
def settle_page(request: HttpRequest, key: int) -> HttpResponse:
    """Decide several sheets by one reading whole: those that were ticked, or none."""
    sitting = get_object_or_404(Sitting, pk=key)
    ticked = [int(one) for one in request.POST.getlist("difference") if one.isdecimal()]
    chosen = list(ReadingDifference.objects.filter(file__sitting=sitting, pk__in=ticked))
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    if not chosen:
        messages.error(request, _("Tick the sheets first that this reason is for."))
        return redirect("readings", sitting.pk)
    second = request.POST.get("whole") == "second"
    acted(
        request,
        lambda: settle_alike(differences=chosen, second=second, reason=reason, by=by, at=at),
        _("Kept on record, with your name and your reason."),
    )
    return redirect("readings", sitting.pk)


# --- the balance ----------------------------------------------------------------------------------


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


# --- signatures -----------------------------------------------------------------------------------


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


# --- the second scoring ---------------------------------------------------------------------------


@require_POST
@nationwide(Role.STAFF, Role.EXAMINER)
def score_again(request: HttpRequest, key: int) -> HttpResponse:
    """Queue a second scoring of a scaling."""
    scaling = get_object_or_404(ScalingRun, pk=key)
    by, at = person_of(request), timezone.now()
    acted(
        request,
        lambda: start_second_scoring(scaling=scaling, by=by, at=at),
        _("Everybody is scored a second time. This page shows how far."),
    )
    return redirect("second_scoring", scaling.pk)


@require_GET
@nationwide(*READERS, Role.EXAMINER)
def second_scoring(request: HttpRequest, key: int) -> HttpResponse:
    """Do two scorings agree on everybody?"""
    scaling = get_object_or_404(ScalingRun.objects.select_related("sitting__exam"), pk=key)
    runs = list(SecondScoring.objects.filter(scaling=scaling).select_related("started_by"))
    newest = runs[0] if runs else None
    by = person_of(request)
    context = {
        "scaling": scaling,
        "sitting": scaling.sitting,
        "runs": runs,
        "newest": newest,
        "heading": _second_heading(newest),
        "may_act": works_everywhere(by, Role.STAFF, Role.EXAMINER),
        "is_staff": works_everywhere(by, *READERS),
    }
    return render(request, "scoring/staff/second_scoring.html", context)


def _second_heading(run: Any) -> str:
    if run is None:
        return _("Nobody was scored a second time yet")
    if not run.is_finished:
        return _("The second scoring is at work")
    if run.error:
        return _("The second scoring did not finish")
    if run.disagreements:
        sentence = ngettext(
            "The two scorings differ on %(count)s person",
            "The two scorings differ on %(count)s people",
            run.disagreements,
        )
        return sentence % {"count": f"{run.disagreements:,}"}
    return _("Two scorings agree on all %(people)s sheets") % {"people": f"{run.people:,}"}


@require_GET
@nationwide(*READERS, Role.EXAMINER)
def second_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a second scoring is."""
    scaling = get_object_or_404(ScalingRun, pk=key)
    run = SecondScoring.objects.filter(scaling=scaling).first()
    if run is None:
        raise Http404
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})
