"""What staff print for a room: the cards of its people, and the list for its door."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from centres.common.errors import NotYours
from centres.common.http import role_required
from centres.models import Role, User
from centres.queries import centres_of
from scheduling.models import RoomSession
from scheduling.printing import PDF, door_list_pdf, room_cards_pdf
from scheduling.seating_print import seating_plan_pdf

PRINTERS = (Role.CHIEF, Role.STAFF, Role.HEADQUARTERS)


@require_GET
@never_cache
@role_required(*PRINTERS)
def room_cards(request: HttpRequest, key: int) -> HttpResponse:
    """The admission cards of a room of one's own centre."""
    return _print(request, key, room_cards_pdf, "admission-cards")


@require_GET
@never_cache
@role_required(*PRINTERS)
def door_list(request: HttpRequest, key: int) -> HttpResponse:
    """The door list of a room of one's own centre."""
    return _print(request, key, door_list_pdf, "door-list")


@require_GET
@never_cache
@role_required(*PRINTERS)
def seating_plan(request: HttpRequest, key: int) -> HttpResponse:
    """The seating plan of a room of one's own centre, drawn as the room."""
    return _print(request, key, seating_plan_pdf, "seating-plan")


def own_room_session(request: HttpRequest, key: int) -> RoomSession:
    """A room session of the person's own centres. Raises NotYours."""
    rows = RoomSession.objects.select_related(
        "exam_session__sitting__exam", "exam_session__paper", "room__building__centre"
    )
    room_session = get_object_or_404(rows, pk=key)
    user = request.user
    own = isinstance(user, User) and centres_of(user, *PRINTERS).filter(
        pk=room_session.room.building.centre_id
    )
    if not own or not own.exists():
        raise NotYours
    return room_session


def _print(
    request: HttpRequest, key: int, make: Callable[[RoomSession, datetime], bytes], name: str
) -> HttpResponse:
    room_session = own_room_session(request, key)
    pdf = make(room_session, timezone.now())
    headers = {"Content-Disposition": f'inline; filename="{name}-{room_session.pk}.pdf"'}
    return HttpResponse(pdf, content_type=PDF, headers=headers)
