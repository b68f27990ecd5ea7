"""One analysis to take away: a report on paper, a workbook, a list, a page, or everything."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from centres.common.sheets import plain_text
from scoring.models import AnalysisRun
from scoring.queries.published import published
from scoring.reports.page import page_of
from scoring.reports.paper import report_pdf
from scoring.reports.workbook import write_workbook
from scoring.views.examiner import READERS
from scoring.views.person import nationwide
from scoring.views.whole_form import finished_or_404

Carrier = Callable[[AnalysisRun, dict[str, Any]], bytes]


@require_GET
@nationwide(*READERS)
def report(request: HttpRequest, key: int, kind: str) -> HttpResponse:
    """The analysis as a file of one kind; every kind says what it was made from."""
    if kind not in CARRIERS:
        raise Http404
    run = finished_or_404(key)
    carrier, content_type = CARRIERS[kind]
    response = HttpResponse(carrier(run, published(run)), content_type=content_type)
    name = f"analysis-{run.form.code}-{run.pk}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pdf(run: AnalysisRun, result: dict[str, Any]) -> bytes:
    return report_pdf(run, result, timezone.now())


def _xlsx(run: AnalysisRun, result: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    write_workbook(result, target)
    return target.getvalue()


def _csv(run: AnalysisRun, result: dict[str, Any]) -> bytes:
    """The items, a row each, and on each row what its figures were made from."""
    made = {name: result["made"][name] for name in ("analysis", "key_version", "input_digest")}
    rows = [row | {"flags": " ".join(row["flags"])} | made for row in result["items"]]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(rows[0] if rows else made)
    for row in rows:
        writer.writerow([plain_text(v) if isinstance(v, str) else v for v in row.values()])
    return out.getvalue().encode("utf-8-sig")


def _json(run: AnalysisRun, result: dict[str, Any]) -> bytes:
    return json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _html(run: AnalysisRun, result: dict[str, Any]) -> bytes:
    return page_of(result).encode()


CARRIERS: Final[dict[str, tuple[Carrier, str]]] = {
    "pdf": (_pdf, "application/pdf"),
    "xlsx": (_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (_csv, "text/csv; charset=utf-8"),
    "json": (_json, "application/json"),
    "html": (_html, "text/html; charset=utf-8"),
}
