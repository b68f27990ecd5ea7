"""Rooms of a sitting, and one of them drawn as it is seated."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from centres.common.http import role_required
from centres.models import Role, User
from centres.queries import centres_of
from scheduling.actions.opening import use_again
from scheduling.models import Sitting
from scheduling.queries.rooms import beside, rooms_of
from scheduling.room_drawing import drawing_of
from scheduling.seating_print import forms_said
from scheduling.studies.rooms import seated_room
from scheduling.views.papers import PRINTERS, own_room_session


@require_GET
@role_required(*PRINTERS)
def sitting_rooms(request: HttpRequest, key: int) -> HttpResponse:
    """Every room of one centre, and how many sit in it in each exam session."""
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    assert isinstance(request.user, User)
    centres = list(centres_of(request.user, *PRINTERS))
    asked = request.GET.get("centre", "")
    chosen = next((c for c in centres if str(c.pk) == asked), centres[0] if centres else None)
    context = {"sitting": sitting, "centres": centres, "centre": chosen}
    if chosen is not None:
        context["rooms"] = rooms_of(sitting, chosen)
        context["sessions"] = list(sitting.exam_sessions.all())
    return render(request, "scheduling/staff/sitting_rooms.html", context)


@require_POST
@role_required(Role.STAFF)
def again(request: HttpRequest, key: int) -> HttpResponse:
    """Use a room again that a plan left closed in one exam session."""
    room_session = own_room_session(request, key)
    assert isinstance(request.user, User)
    use_again(room_session=room_session, by=request.user, at=timezone.now())
    address = reverse("sitting_rooms", args=[room_session.exam_session.sitting_id])
    return redirect(f"{address}?centre={room_session.room.building.centre_id}")


@require_GET
@never_cache
@role_required(*PRINTERS)
def seating(request: HttpRequest, key: int) -> HttpResponse:
    """Who sits where in one room: the room drawn, which neighbours are alike, what is proved."""
    room_session = own_room_session(request, key)
    room = seated_room(room_session)
    before, after = beside(room_session)
    context = {
        "room": room, "drawing": drawing_of(room), "forms": forms_said(room),
        "before": before, "after": after,
    }  # fmt: skip
    return render(request, "scheduling/staff/seating.html", context)
