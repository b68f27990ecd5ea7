"""What staff do around an allocation: open the rooms before it, issue the cards after it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.models import Role, Room, User
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.opening import open_rooms
from scheduling.models import Sitting


@require_POST
@role_required(Role.STAFF)
def open_all(request: HttpRequest, key: int) -> HttpResponse:
    """Open every room in use in every exam session of the sitting."""
    sitting = get_object_or_404(Sitting, pk=key)
    rooms = Room.objects.filter(is_open=True)
    assert isinstance(request.user, User)
    try:
        opened = open_rooms(sitting=sitting, rooms=rooms, by=request.user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(number)d room sessions are open.") % {"number": opened})
    return redirect("sitting_allocations", key)


@require_POST
@role_required(Role.STAFF)
def issue_cards(request: HttpRequest, key: int) -> HttpResponse:
    """A card for everybody who has a seat and has none yet. Pressing twice issues none twice."""
    sitting = get_object_or_404(Sitting, pk=key)
    assert isinstance(request.user, User)
    issued = issue_admission_cards(sitting=sitting, by=request.user, at=timezone.now())
    sentence = ngettext(
        "%(number)d admission card is issued.", "%(number)d admission cards are issued.", issued
    )
    messages.success(request, sentence % {"number": issued})
    return redirect("sitting_allocations", key)
