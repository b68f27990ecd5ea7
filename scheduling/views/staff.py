"""Pages of the staff before the day: run an allocation, look at it, accept it."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError, NotAllowed
from centres.common.http import public, role_required
from centres.common.runs import RunState, ask_to_cancel
from centres.models import Role, User
from scheduling.actions.allocations import (
    accept_allocation,
    commit_to_seed,
    publish_table,
    start_allocation,
)
from scheduling.actions.plans import accept_moves, is_move
from scheduling.arrays import Policy
from scheduling.arrays.published import table_path
from scheduling.models import AllocationRun, Rule, Sitting
from scheduling.queries.allocations import (
    cut_offs_of,
    overview_of,
    people_and_places,
    runs_of,
    sealed_of,
    sittings_to_allocate,
    works_everywhere,
)
from scheduling.queries.moves import moves_of
from scheduling.queries.rooms import opened_of
from scheduling.views import charts
from scheduling.views.move_charts import shown_in
from scheduling.views.rules import rule_of, rules

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)


def person_for(request: HttpRequest, *roles: Role) -> User:
    """The signed-in person, whose role must be for the whole country: a plan spans all centres."""
    user = request.user
    if not isinstance(user, User) or not works_everywhere(user, *roles):
        raise NotAllowed
    return user


@require_GET
@role_required(*READERS)
def sittings(request: HttpRequest) -> HttpResponse:
    """Every sitting, with how many are registered and whether they have seats."""
    person_for(request, *READERS)
    return render(
        request, "scheduling/staff/sittings.html", {"sittings": list(sittings_to_allocate())}
    )


@require_GET
@role_required(*READERS)
def sitting_allocations(request: HttpRequest, key: int) -> HttpResponse:
    """The allocations of one sitting, and the button that starts another."""
    person = person_for(request, *READERS)
    sitting = get_object_or_404(Sitting.objects.select_related("exam", "allocation"), pk=key)
    people, places = people_and_places(sitting)
    runs = list(runs_of(sitting))
    return render(
        request,
        "scheduling/staff/sitting_allocations.html",
        {
            "sitting": sitting,
            "people": people,
            "places": places,
            "runs": runs,
            "is_working": any(not run.is_finished for run in runs),
            "rules": rules(),
            "sealed": sealed_of(sitting),
            "may_commit": timezone.now() < sitting.closes_at,
            "may_undo": sitting.allocation is not None and is_move(sitting.allocation),
            "is_over": not sitting.exam_sessions.filter(doors_open_at__gt=timezone.now()).exists(),
            "may_start": works_everywhere(person, Role.STAFF),
        },
    )


@require_POST
@role_required(Role.STAFF)
def commit(request: HttpRequest, key: int) -> HttpResponse:
    """Seal the seed of the lottery before wishes close."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting, pk=key)
    try:
        commit_to_seed(sitting=sitting, by=person, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("sitting_allocations", sitting.pk)


@require_GET
@public
def lottery(request: HttpRequest, key: int) -> HttpResponse:
    """For everybody: the commitment to the seed, and the seed and cut-offs once seats are given."""
    sitting = get_object_or_404(Sitting.objects.select_related("allocation"), pk=key)
    return render(
        request,
        "scheduling/lottery.html",
        {"sitting": sitting, "sealed": sealed_of(sitting), "cut_offs": cut_offs_of(sitting)},
    )


@require_GET
@public
def published_table(request: HttpRequest, key: int) -> FileResponse:
    """For everybody: the table of the plan in force, once it is published."""
    sitting = get_object_or_404(Sitting.objects.select_related("allocation"), pk=key)
    run = sitting.allocation
    if run is None or run.table_published_at is None:
        raise Http404
    name = f"plan-{run.pk}.zip"
    return FileResponse(table_path(run).open("rb"), as_attachment=True, filename=name)


@require_POST
@role_required(Role.STAFF)
def publish(request: HttpRequest, key: int) -> HttpResponse:
    """Publish the table of the plan in force."""
    person = person_for(request, Role.STAFF)
    run = _run(key)
    try:
        publish_table(run=run, by=person, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("lottery", run.sitting_id)


@require_POST
@role_required(Role.STAFF)
def start(request: HttpRequest, key: int) -> HttpResponse:
    """Queue an allocation of a sitting."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting, pk=key)
    policy = _policy(request)
    try:
        run = start_allocation(sitting=sitting, by=person, at=timezone.now(), policy=policy)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("sitting_allocations", sitting.pk)
    return redirect("allocation", run.pk)


def _policy(request: HttpRequest) -> Policy:
    """The rule that was chosen, and whether as few rooms as serve everybody are opened."""
    rule = request.POST.get("rule", "")
    ratio = request.POST.get("one_proctor_for", "")
    fewest = "fewest_rooms" in request.POST
    return Policy(
        rule=Rule(rule) if rule in {words.rule for words in rules()} else Rule.LEAST_TOTAL,
        one_proctor_for=min(max(int(ratio), 1), 500)
        if fewest and ratio.isdecimal()
        else 20 * fewest,
    )


@require_GET
@role_required(*READERS)
def allocation(request: HttpRequest, key: int) -> HttpResponse:
    """One allocation: its progress while it works, the plan and its proof when it is done."""
    person = person_for(request, *READERS)
    run = _run(key)
    rule = rule_of(run.parameters.get("rule", Rule.LEAST_TOTAL))
    context = {
        "run": run,
        "rule": rule,
        "is_own": run.started_by_id == person.pk,
        **_progress(run),
        "may_accept": works_everywhere(person, Role.STAFF),
    }
    if run.state == RunState.DONE:
        overview, moves = overview_of(run), moves_of(run)
        context |= {
            "overview": overview,
            "rows": charts.centre_rows(overview),
            "bars": charts.distance_bars(overview),
            "land": charts.land(),
            "marks": charts.marks(overview),
            "crowded_km": charts.CROWDED_KM,
            "moves": moves,
            "opened": opened_of(run),
            "shown": shown_in(moves),
        }
    return render(request, "scheduling/staff/allocation.html", context)


@require_GET
@role_required(*READERS)
def progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far an allocation is: the fragment that its page asks for again and again."""
    person_for(request, *READERS)
    return render(request, "_run_progress.html", _progress(_run(key)))


@require_POST
@role_required(Role.STAFF)
def accept(request: HttpRequest, key: int) -> HttpResponse:
    """Turn the plan into bookings."""
    person = person_for(request, Role.STAFF)
    run = _run(key)
    try:
        act = accept_moves if is_move(run) else accept_allocation
        booked = act(run=run, by=person, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        sentence = (
            ngettext(
                "%(people)s candidate has a new seat. The old card is withdrawn.",
                "%(people)s candidates have new seats. Their old cards are withdrawn.",
                booked,
            )
            if is_move(run)
            else ngettext(
                "%(people)s candidate has a seat now.",
                "%(people)s candidates have a seat now.",
                booked,
            )
        )
        messages.success(request, sentence % {"people": f"{booked:,}"})
    return redirect("allocation", run.pk)


@require_POST
@role_required(Role.STAFF)
def cancel(request: HttpRequest, key: int) -> HttpResponse:
    """Ask a waiting or working allocation to stop."""
    person_for(request, Role.STAFF)
    run = _run(key)
    ask_to_cancel(run)
    messages.info(request, _t("The allocation was asked to stop. Nothing of it will be kept."))
    return redirect("allocation", run.pk)


def _run(key: int) -> AllocationRun:
    run = AllocationRun.objects.select_related("sitting__exam", "started_by").filter(pk=key).first()
    if run is None:
        raise Http404
    return run


def _progress(run: AllocationRun) -> dict[str, object]:
    return {"run": run, "run_address": reverse("allocation_progress", args=[run.pk])}
