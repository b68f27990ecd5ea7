"""The page of the answer sheets: files taken in, what is left to settle, results held back."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.common.identity import typed_number
from centres.models import Role
from scheduling.models import Registration, Sitting
from scheduling.queries.allocations import works_everywhere
from scoring.actions.holds import hold_result, lift_hold
from scoring.actions.sent_files import cancel_intake, start_intake
from scoring.errors import LayoutUnreadable, NoSuchRegistration
from scoring.forms import TakeInForm
from scoring.models import IntakeRun, Reading, ResponseFile
from scoring.queries.gates import exceptions_gate, readings_gate, second_gate, sheets_gate
from scoring.queries.intake import Settlement, settlement
from scoring.queries.results import active_holds, newest_scaling
from scoring.views.person import nationwide, person_of

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)
LARGEST_LAYOUT = 100_000
SHOWN_SENT = 20


@require_GET
@nationwide(*READERS)
def sheets(request: HttpRequest, key: int) -> HttpResponse:
    """What is left to settle before the sheets of a sitting can be scored?"""
    return _page(request, get_object_or_404(Sitting.objects.select_related("exam"), pk=key))


def _page(
    request: HttpRequest, sitting: Sitting, form: TakeInForm | None = None, problem: str = ""
) -> HttpResponse:
    settled = settlement(sitting)
    scaling = newest_scaling(sitting)
    context = {
        "sitting": sitting,
        "settled": settled,
        "counted": settled.sheets,
        "heading": _heading(sitting, settled),
        "steps": [
            (exceptions_gate(settled), "exceptions"),
            (readings_gate(settled), "readings"),
            (sheets_gate(settled), "balance"),
        ],
        "scaling": scaling,
        "second": second_gate(scaling) if scaling else None,
        "sent": _newest_sent(sitting),
        "files": sitting.response_files.select_related("by"),
        "holds": active_holds(sitting).select_related("registration", "by").order_by("-at"),
        "may_act": works_everywhere(person_of(request), Role.STAFF),
        "form": form or TakeInForm(),
        "problem": problem,
    }
    status = 400 if problem or (form and form.errors) else 200
    return render(request, "scoring/staff/sheets.html", context, status=status)


@dataclass(frozen=True)
class Sent:
    """A file that was sent lately, and what came of it where something did."""

    run: IntakeRun
    came_of_it: str


def _newest_sent(sitting: Sitting) -> list[Sent]:
    """Files still being read, and the newest that ended: whoever sent it looks for it here."""
    runs = list(sitting.intake_runs.select_related("file", "started_by")[:SHOWN_SENT])
    shown = [run for at, run in enumerate(runs) if at == 0 or not run.is_finished]
    return [Sent(run, told(run.file) if run.file else "") for run in shown]


def _heading(sitting: Sitting, settled: Settlement) -> str:
    if not settled.sheets.sheets and not sitting.response_files.exists():
        return _("No answers have come in yet")
    if not settled.left:
        return _("Every sheet has its person, and every person a sheet")
    sentence = ngettext(
        "%(count)s matter is left before these sheets can be scored",
        "%(count)s matters are left before these sheets can be scored",
        settled.left,
    )
    return sentence % {"count": f"{settled.left:,}"}


# --- taking in ------------------------------------------------------------------------------------


@require_POST
@nationwide(Role.STAFF)
def take_in(request: HttpRequest, key: int) -> HttpResponse:
    """Send one file of answers to be read: a first reading, or a second to be compared."""
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    form = TakeInForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, sitting, form)
    said = form.cleaned_data
    try:
        start_intake(
            sitting=sitting,
            content=said["file"].chunks(),
            name=said["file"].name,
            reading=int(said["reading"]),
            layout=_layout_text(said["layout"]),
            expected=said["expected"],
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as refusal:
        return _page(request, sitting, form, str(refusal))
    messages.info(request, _("The file is here and is being read. This page shows how far."))
    return redirect("answer_sheets", sitting.pk)


@require_GET
@nationwide(*READERS)
def intake_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a file is read."""
    run = get_object_or_404(IntakeRun, pk=key)
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})


@require_POST
@nationwide(Role.STAFF)
def cancel(request: HttpRequest, key: int) -> HttpResponse:
    """Wish a file not to be taken in."""
    run = get_object_or_404(IntakeRun, pk=key)
    cancel_intake(run=run, by=person_of(request), at=timezone.now())
    messages.info(request, _("The file was asked not to be taken in. Nothing of it will be kept."))
    return redirect("answer_sheets", run.sitting_id)


def _layout_text(sent: UploadedFile[Any] | None) -> str:
    if sent is None:
        return ""
    if (sent.size or 0) > LARGEST_LAYOUT:
        raise LayoutUnreadable(what=_("it is larger than a layout can be."))
    try:
        content: bytes = sent.read()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise LayoutUnreadable(what=_("it is not UTF-8.")) from fault


def told(file: ResponseFile) -> str:
    """What came of a file, in a sentence."""
    if file.reading == Reading.SECOND:
        said = _("%(lines)s sheets compared: %(equal)s are equal, %(odd)s wait for a person.")
        odd = file.differences.count()
        return said % {"lines": f"{file.lines:,}", "equal": f"{file.sheets:,}", "odd": f"{odd:,}"}
    said = _("%(lines)s lines taken in: %(sheets)s sheets, %(odd)s wait for a person.")
    odd = file.exceptions.count()
    return said % {"lines": f"{file.lines:,}", "sheets": f"{file.sheets:,}", "odd": f"{odd:,}"}


# --- holds ----------------------------------------------------------------------------------------


@require_POST
@nationwide(Role.STAFF)
def hold(request: HttpRequest, key: int) -> HttpResponse:
    """Keep one result back, or let it go."""
    sitting = get_object_or_404(Sitting, pk=key)
    try:
        _hold_or_lift(request, sitting)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept on record, with your name and your reason."))
    return redirect("answer_sheets", sitting.pk)


def _hold_or_lift(request: HttpRequest, sitting: Sitting) -> None:
    number = typed_number(request.POST.get("number", ""))
    registration = Registration.objects.filter(sitting=sitting, number=number).first()
    if registration is None:
        raise NoSuchRegistration(number=number)
    act = lift_hold if request.POST.get("answer") == "lift" else hold_result
    reason = request.POST.get("reason", "")
    act(registration=registration, reason=reason, by=person_of(request), at=timezone.now())
