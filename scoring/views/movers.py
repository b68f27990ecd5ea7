"""Whose verdict changes, as pages and files show them: by registration number, not by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext as _

from centres.common.sheets import Value, write_csv, write_xlsx
from scoring.models import FormItem
from scoring.queries.items import answers_at, centre_names, registration_numbers
from scoring.studies.what_if import Mover

WRITERS: Final = {
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (write_csv, "text/csv; charset=utf-8"),
}
MOST_ANSWERS: Final = 6


@dataclass(frozen=True)
class ShownMover:
    """One person who crosses. `answer`: what stands at the changed places of the own form."""

    number: str
    centre: str
    answer: str
    before: int
    after: int
    passes: bool


def shown_movers(some: Sequence[Mover], places: Sequence[FormItem]) -> list[ShownMover]:
    """These people with what they answered at the changed places, all of one exam form."""
    ids = [mover.registration_id for mover in some]
    numbers, centres = registration_numbers(ids), centre_names(ids)
    given = [answers_at(ids, place.form, place.position) for place in places[:MOST_ANSWERS]]
    return [
        ShownMover(
            numbers[mover.registration_id],
            centres.get(mover.registration_id, ""),
            " ".join(row[mover.registration_id][1] for row in given if mover.registration_id in row)
            or "–",
            mover.before,
            mover.after,
            mover.passes,
        )
        for mover in some
    ]


def movers_file(some: Sequence[ShownMover], made_by: str, name: str, kind: str) -> HttpResponse:
    """Everybody who crosses, to take away. `made_by` says which keys and sheets it rests on."""
    header = [
        _("Registration number"), _("Centre"), _("Answered"), _("Before"), _("After"),
        _("Verdict"), _("Made from"),
    ]  # fmt: skip
    rows: list[list[Value]] = [
        [
            one.number, one.centre, one.answer, one.before, one.after,
            _("passes now") if one.passes else _("passes no longer"), made_by,
        ]
        for one in some
    ]  # fmt: skip
    write, content_type = WRITERS[kind]
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, header, rows)
        response = HttpResponse(path.read_bytes(), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
