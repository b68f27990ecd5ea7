"""The opening day for those who steer it: the rush, the pace, the hours, fees, who waits."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.sheets import write_xlsx
from centres.common.thai import BANGKOK, ascii_digits, in_bangkok, whole_number
from centres.models import Centre, Role, Seat, User
from scheduling.actions.announcing import announce_seats
from scheduling.actions.fees import set_fee
from scheduling.actions.queue import open_queue, set_pace
from scheduling.actions.steering import block_chair, close_booking, set_booking_hours
from scheduling.booking_errors import FeeWrong
from scheduling.models import FeeRule, QueueOpening, Sitting, SittingMode
from scheduling.queries.desk import booked_rows, bookings_a_minute
from scheduling.queries.fees import fee_picture
from scheduling.queries.queue import QueuePicture, queue_picture
from scheduling.queries.unable import misplaced
from scheduling.queries.waiting import waiting_list
from scheduling.request_errors import HoursWrong, SeatNotFound
from scheduling.views.staff import person_for

PAGES = "scheduling/desk/"
READERS = (Role.STAFF, Role.HEADQUARTERS)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH, HEIGHT = 600, 80  # of the drawings, in their own units


def _sitting(key: int) -> Sitting:
    return get_object_or_404(Sitting.objects.select_related("exam"), pk=key)


@require_GET
@never_cache
@role_required(*READERS)
def booking(request: HttpRequest, key: int) -> HttpResponse:
    """How is it going, and must I do something?"""
    person = person_for(request, *READERS)
    sitting = _sitting(key)
    at = timezone.now()
    context = _picture(sitting, at) | {
        "queue": QueueOpening.objects.filter(sitting=sitting).first(),
        "fee_rule": FeeRule.objects.filter(sitting=sitting).first(),
        "fees": fee_picture(sitting),
        "misplaced": misplaced(sitting),
        "is_first_come": sitting.mode == SittingMode.FIRST_COME,
        "has_opened": at >= sitting.opens_at,
        "is_closed": sitting.is_frozen(at),
        "hours": {name: in_bangkok(getattr(sitting, name)).strftime("%Y-%m-%dT%H:%M")
                  for name in ("opens_at", "closes_at", "freezes_at")},
        "centres": Centre.objects.all(),
        "may_act": person.staff_roles.filter(role=Role.STAFF, centre=None).exists(),
    }  # fmt: skip
    return render(request, f"{PAGES}booking.html", context)


@require_GET
@never_cache
@role_required(*READERS)
def picture(request: HttpRequest, key: int) -> HttpResponse:
    """The drawing alone: the fragment that the page asks for again and again."""
    person_for(request, *READERS)
    return render(request, f"{PAGES}_rush.html", _picture(_sitting(key), timezone.now()))


def _picture(sitting: Sitting, at: datetime) -> dict[str, object]:
    rush = queue_picture(sitting, at)
    minutes = bookings_a_minute(sitting, at)
    most = max(minutes) or 1
    bars = [
        {"x": n * WIDTH / len(minutes), "height": many * HEIGHT / most, "many": many,
         "y": HEIGHT - many * HEIGHT / most}
        for n, many in enumerate(minutes)
    ]  # fmt: skip
    return {
        "sitting": sitting, "rush": rush, "at": at, "bars": bars, "most": most,
        "bar_width": WIDTH / len(minutes) - 1, "last_minute": minutes[-1],
        "shares": _shares(rush),
    }  # fmt: skip


def _shares(rush: QueuePicture) -> dict[str, float]:
    """Where the parts of the bar of places begin, in its own units."""
    unit = WIDTH / max(1, rush.places)
    return {"booked": rush.booked * unit, "held": rush.held * unit,
            "held_from": rush.booked * unit, "kept": rush.kept * unit,
            "kept_from": WIDTH - rush.kept * unit}  # fmt: skip


@require_POST
@role_required(Role.STAFF)
def steer(request: HttpRequest, key: int) -> HttpResponse:
    """Set up the line, its pace, the hours, the fee; close; block a chair."""
    person = person_for(request, Role.STAFF)
    sitting = _sitting(key)
    act = _ACTS.get(request.POST.get("do", ""))
    try:
        if act is not None:
            act(request, sitting, person, timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is done, and on record with your reason."))
    return redirect("sitting_booking", sitting.pk)


def _moment(request: HttpRequest, name: str) -> datetime:
    """A local time as the browser's own field writes it, in Bangkok."""
    try:
        typed = parse_datetime(ascii_digits(request.POST.get(name, "")).strip())
    except ValueError:
        typed = None
    if typed is None:
        raise HoursWrong
    return typed if typed.tzinfo else typed.replace(tzinfo=BANGKOK)


def _number(request: HttpRequest, name: str) -> int:
    return max(0, whole_number(ascii_digits(request.POST.get(name, ""))))


def _queue(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    open_queue(
        sitting=sitting, joins_from=_moment(request, "joins_from"),
        per_minute=_number(request, "per_minute"), by=by, at=at,
    )  # fmt: skip


def _pace(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    set_pace(
        sitting=sitting, per_minute=_number(request, "per_minute"), by=by, at=at,
        reason=request.POST.get("reason", "").strip()[:300],
    )  # fmt: skip


def _hours(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    names = ("opens_at", "closes_at", "freezes_at")
    opens, closes, freezes = (_moment(request, name) for name in names)
    set_booking_hours(
        sitting=sitting, opens_at=opens, closes_at=closes, freezes_at=freezes,
        reason=request.POST.get("reason", ""), by=by, at=at,
    )  # fmt: skip


def _close(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    close_booking(sitting=sitting, reason=request.POST.get("reason", ""), by=by, at=at)


def _fee(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    try:
        amount = Decimal(ascii_digits(request.POST.get("amount", "")).replace(",", "")) * 100
    except InvalidOperation:
        raise FeeWrong from None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > 10**9:
        raise FeeWrong
    hours = _number(request, "hours_to_pay")
    set_fee(sitting=sitting, amount=int(amount), hours_to_pay=hours, by=by, at=at)


def _announce(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    announce_seats(sitting=sitting, by=by, at=at)


def _block(request: HttpRequest, sitting: Sitting, by: User, at: datetime) -> None:
    seat = Seat.objects.select_related("room__building").filter(
        room__building__centre=_number(request, "centre"),
        room__code=request.POST.get("room", "").strip(),
        label__iexact=request.POST.get("seat", "").strip(),
    )
    found = seat.first()
    if found is None:
        raise SeatNotFound
    block_chair(seat=found, reason=request.POST.get("reason", ""), by=by, at=at)


_ACTS: dict[str, Callable[[HttpRequest, Sitting, User, datetime], None]] = {
    "announce": _announce,
    "queue": _queue, "pace": _pace, "hours": _hours, "close": _close, "fee": _fee, "block": _block,
}  # fmt: skip


@require_GET
@never_cache
@role_required(*READERS)
def waiting(request: HttpRequest, key: int) -> HttpResponse:
    """Who waits, since when, for what, and what is offered."""
    person_for(request, *READERS)
    sitting = _sitting(key)
    page = Paginator(waiting_list(sitting), 100).get_page(request.GET.get("page"))
    return render(request, f"{PAGES}waiting.html", {"sitting": sitting, "page": page})


@require_GET
@role_required(*READERS)
def export(request: HttpRequest, key: int) -> HttpResponse:
    """Every seat of the sitting and whose it is, as a workbook; no identity number is in it."""
    person_for(request, *READERS)
    sitting = _sitting(key)
    header = [
        _("Registration number"), _("Name"), _("Centre"), _("Building"), _("Room"), _("Seat"),
        _("Exam session"), _("Starts"), _("Paper"), _("Kind of place"),
    ]  # fmt: skip
    rows = (
        (
            one.registration.number, str(one.registration.candidate), room.building.centre.name,
            room.building.name, room.code, one.seat.label, session.number,
            in_bangkok(session.starts_at).strftime("%Y-%m-%d %H:%M"), one.paper.name,
            one.access_class,
        )
        for one in booked_rows(sitting).iterator()
        for room, session in [(one.room_session.room, one.room_session.exam_session)]
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bookings.xlsx"
        write_xlsx(path, header, rows)
        data = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="bookings-{sitting.pk}.xlsx"'}
    return HttpResponse(data, content_type=XLSX, headers=headers)
