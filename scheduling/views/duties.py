"""The roster of proctors: made, looked at, exported."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from centres.common.http import role_required
from centres.common.sheets import write_xlsx
from centres.models import Role
from scheduling.actions.duties import make_duties
from scheduling.models import Sitting
from scheduling.queries.duties import roster_rows, rosters_of
from scheduling.views.staff import READERS, person_for

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@role_required(*READERS)
def roster(request: HttpRequest, key: int) -> HttpResponse:
    """Rooms, duties and proctors of every centre."""
    person_for(request, *READERS)
    sitting = get_object_or_404(Sitting, pk=key)
    rosters = rosters_of(sitting)
    return render(request, "scheduling/staff/roster.html", {"sitting": sitting, "rosters": rosters})


@require_POST
@role_required(Role.STAFF)
def make(request: HttpRequest, key: int) -> HttpResponse:
    """Make the roster anew for every room session that has not begun."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting, pk=key)
    made = make_duties(sitting=sitting, by=person, at=timezone.now())
    if made.missing:
        sentence = _t("%(missing)s proctors are missing; %(duties)s duties were given.")
        lost = sum(made.missing.values())
        messages.error(request, sentence % {"missing": f"{lost:,}", "duties": f"{made.duties:,}"})
    else:
        messages.success(request, _t("%(n)s duties were given.") % {"n": f"{made.duties:,}"})
    return redirect("roster", sitting.pk)


@require_GET
@never_cache
@role_required(*READERS)
def export(request: HttpRequest, key: int) -> HttpResponse:
    """The roster as a workbook."""
    person_for(request, *READERS)
    sitting = get_object_or_404(Sitting, pk=key)
    header = [
        _t("Centre"), _t("Exam session"), _t("Starts"), _t("Building"), _t("Room"), _t("Proctor"),
        _t("Institution"), _t("Head of the room"),
    ]  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        write_xlsx(path, header, roster_rows(sitting))
        data = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="roster-{sitting.pk}.xlsx"'}
    return HttpResponse(data, content_type=XLSX, headers=headers)
