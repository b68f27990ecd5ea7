"""Files in and out: places and candidates are loaded, edited, sent back and checked row by row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.sheets import (
    CellFault,
    Sheet,
    SpreadsheetTooLarge,
    read_sheet,
    write_returned,
    write_template,
    write_xlsx,
)
from centres.models import Role, Room
from scheduling.actions.by_hand import keep_plan_by_hand
from scheduling.actions.founding import ChairAt, PlaceRow, write_places
from scheduling.actions.registrations import import_candidates
from scheduling.forms import entries, places
from scheduling.forms import plan_rows as plan_forms
from scheduling.models import AllocationRun, Sitting
from scheduling.plan_errors import PlanNotSound
from scheduling.queries.allocations import plan_rows
from scheduling.queries.candidates import import_catalogue
from scheduling.queries.places import all_rooms
from scheduling.queries.plan_files import plan_catalogue, run_rows
from scheduling.views.duties import XLSX
from scheduling.views.staff import READERS, person_for

MOST_BYTES = 60_000_000
SHOWN = 100  # faults on the page; the marked copy has all


@require_http_methods(["GET", "POST"])
@role_required(Role.STAFF)
def places_file(request: HttpRequest) -> HttpResponse:
    """Centres, buildings, rooms and chairs: load them, send them back changed."""
    person = person_for(request, Role.STAFF)
    context: dict[str, Any] = {"rooms": Room.objects.count()}
    if request.method == "POST":
        with _sent(request, context) as sheet:
            if sheet is not None:
                read = places.read_places(sheet)
                if read.faults and "marked" in request.POST:
                    return _marked(sheet, read.faults)
                context |= _told(read.faults)
                if not read.faults:
                    written = write_places(
                        rows=read.rows, by=person, at=timezone.now(), digest=sheet.digest
                    )
                    sentence = _t(
                        "%(rows)s rooms were read. New or changed: %(centres)s centres, "
                        "%(buildings)s buildings, %(rooms)s rooms, %(chairs)s chairs."
                    )
                    facts = vars(written) | {"rows": len(read.rows)}
                    messages.success(request, sentence % facts)
                    return redirect("places_file")
    return _page(request, "scheduling/staff/places_file.html", context)


@require_GET
@never_cache
@role_required(Role.STAFF)
def places_load(request: HttpRequest) -> HttpResponse:
    """Every room as a workbook to edit; the template with two examples while there is none."""
    person_for(request, Role.STAFF)
    rooms = all_rooms()
    if not rooms:
        columns = places.template_columns()
        return _workbook("places", lambda path: write_template(path, columns, places.EXAMPLES))
    rows = (places.cells_of(_row_of(room)) for room in rooms)
    return _workbook("places", lambda path: write_xlsx(path, places.HEADINGS, rows))


@require_http_methods(["GET", "POST"])
@role_required(Role.STAFF)
def candidates_file(request: HttpRequest, key: int) -> HttpResponse:
    """Register everybody in a file for a sitting, or nobody."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    context: dict[str, Any] = {"sitting": sitting}
    if request.method == "POST":
        with _sent(request, context) as sheet:
            if sheet is not None:
                read = entries.read_entries(sheet, import_catalogue(sitting))
                if read.faults and "marked" in request.POST:
                    return _marked(sheet, read.faults)
                context |= _told(read.faults)
                if not read.faults:
                    receipt = import_candidates(
                        rows=read.entries, sitting=sitting, by=person, at=timezone.now(),
                        digest=sheet.digest,
                    )  # fmt: skip
                    sentence = ngettext(
                        "%(people)s candidate is registered.",
                        "%(people)s candidates are registered.",
                        receipt.registrations,
                    )
                    people = {"people": f"{receipt.registrations:,}"}
                    messages.success(request, sentence % people)
                    return redirect("candidates_file", sitting.pk)
    return _page(request, "scheduling/staff/candidates_file.html", context)


@require_GET
@role_required(Role.STAFF)
def candidates_template(request: HttpRequest) -> HttpResponse:
    """A workbook to fill in with candidates."""
    person_for(request, Role.STAFF)
    columns = entries.template_columns()
    return _workbook("candidates", lambda path: write_template(path, columns, entries.EXAMPLES))


@require_GET
@never_cache
@role_required(*READERS)
def plan_load(request: HttpRequest, key: int) -> HttpResponse:
    """The plan in force as a workbook: who sits where, by registration number alone."""
    person_for(request, *READERS)
    sitting = get_object_or_404(Sitting, pk=key)
    return _workbook(
        f"plan-{sitting.pk}", lambda path: write_xlsx(path, _plan_header(), plan_rows(sitting))
    )


@require_GET
@never_cache
@role_required(*READERS)
def run_load(request: HttpRequest, key: int) -> HttpResponse:
    """A plan that is not in force yet as the same workbook: to be edited and sent back."""
    person_for(request, *READERS)
    run = get_object_or_404(AllocationRun, pk=key)
    return _workbook(f"plan-{run.pk}", lambda path: write_xlsx(path, _plan_header(), run_rows(run)))


def _plan_header() -> list[str]:
    shown = [_t("Exam form"), _t("Kind of place"), _t("Wish"), _t("Distance, km")]
    return [*map(str, plan_forms.HEADINGS.values()), *shown]


@require_http_methods(["GET", "POST"])
@role_required(Role.STAFF)
def plan_file(request: HttpRequest, key: int) -> HttpResponse:
    """An edited plan comes back: judged row by row, kept with its cost beside the best."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    context: dict[str, Any] = {"sitting": sitting}
    if request.method == "POST":
        with _sent(request, context) as sheet:
            if sheet is not None:
                read = plan_forms.read_plan(sheet, plan_catalogue(sitting))
                faults = read.faults
                if not faults:
                    try:
                        run = keep_plan_by_hand(
                            sitting=sitting, lines=read.lines, by=person, at=timezone.now(),
                            digest=sheet.digest,
                        )  # fmt: skip
                        return redirect("allocation", run.pk)
                    except PlanNotSound as refusal:
                        faults = [CellFault(row, "A", "", said) for row, said in refusal.faults]
                if "marked" in request.POST:
                    return _marked(sheet, faults)
                context |= _told(faults)
    return _page(request, "scheduling/staff/plan_file.html", context)


@contextmanager
def _sent(request: HttpRequest, context: dict[str, Any]) -> Iterator[Sheet | None]:
    """The sheet that was sent, or None with the sentence that says what is wrong with the file."""
    file = request.FILES.get("file")
    sheet = None
    try:
        sheet = _read(file)
        yield sheet
    except DomainError as refusal:
        if sheet is None:
            context["error"] = refusal
            yield None
        else:
            context["error"] = refusal


def _read(file: Any) -> Sheet | None:
    if file is None or not file.name:
        return None
    if (file.size or 0) > MOST_BYTES:
        raise SpreadsheetTooLarge(name=file.name)
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name).name
        with path.open("wb") as writing:
            for chunk in file.chunks():
                writing.write(chunk)
        return read_sheet(path)


def _told(faults: list[CellFault]) -> dict[str, Any]:
    return {"faults": faults[:SHOWN], "more": max(0, len(faults) - SHOWN), "many": len(faults)}


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    wrong = request.method == "POST"
    context["nothing_sent"] = wrong and not ({"error", "faults"} & set(context))
    return render(request, template, context, status=422 if wrong else 200)


def _marked(sheet: Sheet, faults: list[CellFault]) -> HttpResponse:
    name = f"{Path(sheet.name).stem}-marked"
    return _workbook(name, lambda path: write_returned(path, sheet, faults))


def _workbook(name: str, write: Callable[[Path], None]) -> HttpResponse:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write(path)
        data = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return HttpResponse(data, content_type=XLSX, headers=headers)


def _row_of(room: Room) -> PlaceRow:
    building, centre = room.building, room.building.centre
    return PlaceRow(
        centre_code=centre.code, centre_th=centre.name_th, centre_en=centre.name_en,
        province=centre.province, latitude=centre.latitude, longitude=centre.longitude,
        building_code=building.code, building_th=building.name_th, building_en=building.name_en,
        lift=building.has_lift, room=room.code, floor=room.floor, step_free=room.step_free,
        separate=room.is_separate, interpreter=room.has_interpreter, door=room.door,
        in_use=room.is_open,
        chairs=tuple(
            ChairAt(seat.x, seat.y, seat.kind, seat.is_usable)
            for seat in getattr(room, "drawn_seats", [])
        ),
    )  # fmt: skip
