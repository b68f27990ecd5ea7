"""Pages of two readings: which sheets were read once, and where the readings differ."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role
from scheduling.models import Sitting
from scoring.actions.second_reading import settle_alike, settle_difference
from scoring.models import (
    ReadingDifference,
    SignedMatter,
)
from scoring.queries.readings import differences_of, mark_pairs, readings
from scoring.views.acting import READERS, acted, may_act, pages_of
from scoring.views.person import nationwide, person_of
from scoring.views.signatures import signature_card


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
