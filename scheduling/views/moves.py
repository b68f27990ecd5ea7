"""Pages for the day a centre floods: what is lost, the curve of plans, the choice, the way back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.runs import RunState, start
from centres.models import Role
from scheduling.actions.moves import choose_move_plan, start_move_study
from scheduling.actions.plans import undo_moves
from scheduling.arrays.moves import Lost
from scheduling.models import MoveStudy, Sitting
from scheduling.queries.allocations import works_everywhere
from scheduling.queries.moves import losable, points_of, said_losses, said_lost
from scheduling.views.charts import land
from scheduling.views.move_charts import curve_of, line_of
from scheduling.views.staff import READERS, person_for


@require_http_methods(["GET", "POST"])
@role_required(Role.STAFF)
def what_if(request: HttpRequest, key: int) -> HttpResponse:
    """Say what is lost, or nothing for late people, and have the moves studied. Changes nothing."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting.objects.select_related("allocation"), pk=key)
    if request.method == "POST":
        try:
            study = start_move_study(
                sitting=sitting, lost=_lost(request), by=person, at=timezone.now()
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("sitting_allocations", sitting.pk)
        return redirect("move_study", study.pk)
    studies = list(sitting.move_studies.select_related("started_by")[:10])
    losses = said_losses([study.parameters["lost"] for study in studies])
    return render(
        request,
        "scheduling/staff/what_if.html",
        {
            "sitting": sitting,
            "losable": losable(sitting),
            "studies": list(zip(studies, losses, strict=True)),
        },
    )


@require_GET
@role_required(*READERS)
def study(request: HttpRequest, key: int) -> HttpResponse:
    """One study: its progress, then the curve with one plan of it in view."""
    person = person_for(request, *READERS)
    found = _study(key)
    context: dict[str, object] = {
        "run": found,
        "run_address": reverse("move_study_progress", args=[found.pk]),
        "lost": said_lost(found.parameters["lost"]),
        "may_choose": works_everywhere(person, Role.STAFF),
    }
    if found.state == RunState.DONE:
        curve = curve_of(points_of(found))
        place = _shown(request, len(curve))
        context |= {
            "curve": curve, "line": line_of(curve), "shown": curve[place], "place": place,
            "last": len(curve) - 1, "fewer": place - 1, "nearer": place + 1, "land": land(),
        }  # fmt: skip
    return render(request, "scheduling/staff/move_study.html", context)


@require_GET
@role_required(*READERS)
def progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a study is: the fragment that its page asks for again and again."""
    person_for(request, *READERS)
    address = reverse("move_study_progress", args=[key])
    return render(request, "_run_progress.html", {"run": _study(key), "run_address": address})


@require_POST
@role_required(Role.STAFF)
def choose(request: HttpRequest, key: int) -> HttpResponse:
    """Have one plan of the curve worked out chair by chair, to be accepted by a second person."""
    person = person_for(request, Role.STAFF)
    found = _study(key)
    try:
        point = int(request.POST.get("point", ""))
        found.result["points"][point]
    except (ValueError, IndexError, KeyError):
        return redirect("move_study", found.pk)
    run = choose_move_plan(study=found, point=point, by=person, at=timezone.now())
    start(run)
    return redirect("allocation", run.pk)


@require_POST
@role_required(Role.STAFF)
def undo(request: HttpRequest, key: int) -> HttpResponse:
    """Accept the former plan of a sitting again."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting, pk=key)
    try:
        moved = undo_moves(sitting=sitting, by=person, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        sentence = ngettext(
            "%(people)s candidate has the former seat again.",
            "%(people)s candidates have the former seats again.",
            moved,
        )
        messages.success(request, sentence % {"people": f"{moved:,}"})
    return redirect("sitting_allocations", sitting.pk)


def _lost(request: HttpRequest) -> Lost:
    def keys(name: str) -> tuple[int, ...]:
        return tuple(int(key) for key in request.POST.getlist(name) if key.isdecimal())

    return Lost(keys("centre"), keys("building"), keys("room"))


def _study(key: int) -> MoveStudy:
    return get_object_or_404(MoveStudy.objects.select_related("sitting__exam", "former"), pk=key)


def _shown(request: HttpRequest, points: int) -> int:
    place = request.GET.get("plan", "")
    return min(int(place), points - 1) if place.isdecimal() else 0
