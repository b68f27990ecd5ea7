"""The integrity desk: pairs too alike, the cases people make of them, and the evidence on paper."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.common.runs import RunState, ask_to_cancel
from centres.models import Role
from scheduling.models import Paper, Sitting
from scoring.actions.integrity import (
    add_note,
    agree_to_close,
    object_to_closing,
    open_case,
    propose_closing,
    reopen_case,
    take_evidence,
)
from scoring.actions.similarity import start_similarity
from scoring.errors import ReasonMissing
from scoring.forms import ClosingForm, NoteForm, ReachForm, ReasonForm
from scoring.models import AlikePair, EntryKind, IntegrityCase, Reach, SimilarityRun
from scoring.printing import PDF, XLSX, evidence_pdf, evidence_xlsx
from scoring.queries.integrity import (
    CaseRow,
    PairRow,
    case_of,
    cases_of,
    comparisons_of,
    file_of,
    pair_rows,
    papers_with_answers,
    seats_of,
    standing_of,
)
from scoring.views.person import nationwide, person_of
from scoring.views.plan import seat_plan

SHOWN: Final = 100


@require_GET
@nationwide(Role.INTEGRITY)
def desk(request: HttpRequest) -> HttpResponse:
    """Which pairs has nobody looked into yet, and which cases wait for somebody?"""
    sittings = Sitting.objects.filter(analysis_runs__state=RunState.DONE).distinct()
    shown = [_sitting_block(sitting) for sitting in sittings.select_related("exam").order_by("-pk")]
    context = {"sittings": shown, "heading": _desk_heading(shown), "form": ReachForm()}
    return render(request, "scoring/integrity/desk.html", context)


def _sitting_block(sitting: Sitting) -> dict[str, Any]:
    """One sitting: its papers, its newest comparison of each reach, its cases."""
    runs = list(comparisons_of(sitting))
    newest: dict[tuple[int, str], SimilarityRun] = {}
    for run in reversed(runs):
        if run.state == RunState.DONE:
            newest[run.paper_id, run.reach] = run
    every = [(run, pair_rows(run)) for run in newest.values()]
    found = [(run, rows) for run, rows in every if run.reach != Reach.BESIDE]
    cases = cases_of(sitting)
    untouched = {
        (row.pair.first_id, row.pair.second_id)
        for _run, rows in found
        for row in rows
        if row.case is None
    }
    return {
        "sitting": sitting,
        "papers": papers_with_answers(sitting),
        "runs": runs,
        "working": [run for run in runs if not run.is_finished],
        "comparisons": [_comparison(run, rows) for run, rows in found],
        "beside": [
            {"run": run, "rows": rows[:SHOWN], "total": len(rows)}
            for run, rows in every
            if run.reach == Reach.BESIDE
        ],
        "cases": cases,
        "untouched": len(untouched),
        "waiting": sum(row.standing.is_closing for row in cases),
        "open": sum(not row.standing.is_closed for row in cases),
        "looked_at": max((run.result["looked_at"] for run, _rows in found), default=0),
    }


def _comparison(run: SimilarityRun, rows: list[PairRow]) -> dict[str, Any]:
    """A comparison with the pairs of one room kept apart from all others."""
    together = [row for row in rows if row.pair.room_session_id]
    apart = [row for row in rows if not row.pair.room_session_id]
    return {"run": run, "together": together[:SHOWN], "apart": apart[:SHOWN], "total": len(rows)}


def _desk_heading(shown: list[dict[str, Any]]) -> str:
    untouched = sum(block["untouched"] for block in shown)
    waiting = sum(block["waiting"] for block in shown)
    if untouched:
        sentence = ngettext(
            "%(count)d pair stands out that nobody has looked into",
            "%(count)d pairs stand out that nobody has looked into",
            untouched,
        )
        return sentence % {"count": untouched}
    if waiting:
        sentence = ngettext(
            "%(count)d case waits for a second person", "%(count)d cases wait for a second person",
            waiting,
        )  # fmt: skip
        return sentence % {"count": waiting}
    return _("No pair waits to be looked into")


@require_POST
@nationwide(Role.INTEGRITY)
def compare(request: HttpRequest, key: int, paper: int) -> HttpResponse:
    """Queue a comparison of all pairs within reach."""
    sitting = get_object_or_404(Sitting, pk=key)
    own = get_object_or_404(Paper, pk=paper, exam_id=sitting.exam_id)
    form = ReachForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say who is to be compared with whom."))
        return redirect("integrity")
    asked = form.cleaned_data["reach"], form.cleaned_data["a_centre"]
    by, at = person_of(request), timezone.now()
    try:
        start_similarity(
            sitting=sitting, paper=own, reach=asked[0], a_centre=asked[1], by=by, at=at
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The answers are being compared. This page shows how far."))
    return redirect("integrity")


@require_GET
@nationwide(Role.INTEGRITY)
def comparison_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a comparison is."""
    run = get_object_or_404(SimilarityRun, pk=key)
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})


@require_POST
@nationwide(Role.INTEGRITY)
def cancel(request: HttpRequest, key: int) -> HttpResponse:
    """Ask a waiting or working comparison to stop."""
    ask_to_cancel(get_object_or_404(SimilarityRun, pk=key))
    messages.info(request, _("The comparison was asked to stop. Nothing of it will be kept."))
    return redirect("integrity")


# --- one pair -------------------------------------------------------------------------------------


@require_GET
@nationwide(Role.INTEGRITY)
def pair(request: HttpRequest, key: int) -> HttpResponse:
    """What speaks for two people having worked alone, and what against? Without their names."""
    return _pair_page(request, _pair_or_404(key))


def _pair_or_404(key: int) -> AlikePair:
    pairs = AlikePair.objects.select_related(
        "run__sitting__exam", "run__paper", "analysis__form", "analysis__key_version",
        "first__candidate", "second__candidate", "first__institution", "second__institution",
        "room_session__room__building__centre", "room_session__exam_session",
    )  # fmt: skip
    return get_object_or_404(pairs, pk=key)


def _pair_page(request: HttpRequest, found: AlikePair, problem: str = "") -> HttpResponse:
    context = {
        "pair": found,
        "row": PairRow(found, case_of(found)),
        "file": file_of(found),
        "plan": seat_plan(seats_of(found)),
        "heading": _pair_heading(found),
        "form": ReasonForm(),
        "problem": problem,
    }
    status = 400 if problem else 200
    return render(request, "scoring/integrity/pair.html", context, status=status)


def _pair_heading(found: AlikePair) -> str:
    said = {"matches": found.matches, "items": found.items, "expected": round(found.expected)}
    return (
        _("%(matches)s of %(items)s answers are the same; %(expected)s were to be expected") % said
    )


@require_POST
@nationwide(Role.INTEGRITY)
def begin(request: HttpRequest, key: int) -> HttpResponse:
    """Open the case of a pair."""
    found = _pair_or_404(key)
    reason = request.POST.get("reason", "")
    try:
        case = open_case(pair=found, reason=reason, by=person_of(request), at=timezone.now())
    except ReasonMissing as refusal:
        return _pair_page(request, found, str(refusal))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("integrity_pair", found.pk)
    return redirect("integrity_case", case.pk)


# --- one case -------------------------------------------------------------------------------------


@require_GET
@nationwide(Role.INTEGRITY)
def case(request: HttpRequest, key: int) -> HttpResponse:
    """What is known, what was said, and what is to become of it?"""
    return _case_page(request, _case_or_404(key))


def _case_or_404(key: int) -> IntegrityCase:
    return get_object_or_404(IntegrityCase.objects.select_related("sitting__exam"), pk=key)


def _case_page(request: HttpRequest, found: IntegrityCase, problem: str = "") -> HttpResponse:
    own = _pair_or_404(found.pair_id)
    standing = standing_of(found)
    context = {
        "case": found,
        "pair": own,
        "row": PairRow(own, found),
        "file": file_of(own),
        "plan": seat_plan(seats_of(own)),
        "standing": standing,
        "heading": _case_heading(CaseRow(found, standing)),
        "me": person_of(request),
        "form": NoteForm(auto_id="note_%s"),
        "answer_form": ReasonForm(auto_id="answer_%s"),
        "closing_form": ClosingForm(),
        "problem": problem,
    }
    status = 400 if problem else 200
    return render(request, "scoring/integrity/case.html", context, status=status)


def _case_heading(row: CaseRow) -> str:
    said: dict[str, Any] = {"number": row.case.pk}
    if row.standing.is_closed:
        closed = [entry for entry in row.standing.entries if entry.kind == EntryKind.CLOSED]
        said["outcome"] = closed[-1].get_outcome_display()
        return _("Case %(number)s is closed: %(outcome)s") % said
    if row.standing.is_closing:
        return _("Case %(number)s waits for a second person to close it") % said
    return _("Case %(number)s is open") % said


@require_POST
@nationwide(Role.INTEGRITY)
def act(request: HttpRequest, key: int) -> HttpResponse:
    """Add to a case: a note, a proposal to close, an answer to one, or its opening again."""
    found = _case_or_404(key)
    try:
        _act(request, found)
    except ReasonMissing as refusal:
        return _case_page(request, found, str(refusal))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept on record, with your name and your reason."))
    return redirect("integrity_case", found.pk)


def _act(request: HttpRequest, found: IntegrityCase) -> None:
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    answer = request.POST.get("answer", "")
    if answer == "close":
        outcome = request.POST.get("outcome", "")
        propose_closing(case=found, outcome=outcome, reason=reason, by=by, at=at)
    elif answer == "agree":
        agree_to_close(case=found, reason=reason, by=by, at=at)
    elif answer == "object":
        object_to_closing(case=found, reason=reason, by=by, at=at)
    elif answer == "reopen":
        reopen_case(case=found, reason=reason, by=by, at=at)
    else:
        add_note(case=found, text=reason, by=by, at=at)


@require_POST
@nationwide(Role.INTEGRITY)
def evidence(request: HttpRequest, key: int) -> HttpResponse:
    """The evidence file of a case, as PDF or as a workbook; that it was taken is an entry."""
    found = _case_or_404(key)
    wanted = "xlsx" if request.POST.get("form") == "xlsx" else "pdf"
    at = timezone.now()
    take_evidence(case=found, form=wanted.upper(), by=person_of(request), at=at)
    own, standing = file_of(_pair_or_404(found.pair_id)), standing_of(found)
    make, kind = (evidence_xlsx, XLSX) if wanted == "xlsx" else (evidence_pdf, PDF)
    headers = {"Content-Disposition": f'attachment; filename="case-{found.pk}.{wanted}"'}
    return HttpResponse(make(found, own, standing, at), content_type=kind, headers=headers)
