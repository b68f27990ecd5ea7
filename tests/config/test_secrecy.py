"""What is kept beside the people themselves holds no national number and no access code."""

import io
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from centres.common.identity import access_code, check_digit, grouped
from centres.common.runs import perform
from scheduling.actions.admission import issue_admission_cards, replace_admission_card
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.models import Registration
from tests.factories import NOW, make_centre, make_room, make_room_session, make_sitting

HEADER = "national_number,prefix,given_name_th,family_name_th,sex,birth_date,home_province,wish_1"
PEOPLE = ("123456789012", "310120045678", "150990012345")


def numbers() -> list[str]:
    return [first + str(check_digit(first)) for first in PEOPLE]


def everything_stored() -> str:
    """Every value of every table as text, bytes too."""
    said: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            said += (_text(value) for row in cursor.fetchall() for value in row)
    return "\n".join(said)


def _text(value: Any) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


@pytest.fixture
def told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> str:
    """All that a database and a log say after an import, a refused one, seats and cards."""
    caplog.set_level(logging.DEBUG)
    sitting = make_sitting()
    make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    good, again = tmp_path / "good.csv", tmp_path / "again.csv"
    rows = [f"{n},นาย,ขวัญ,ทองดี,m,13/05/2547,เชียงใหม่,CNX" for n in numbers()]
    good.write_text("\n".join([HEADER, *rows]), "utf-8")
    again.write_text("\n".join([HEADER, *rows, rows[0]]), "utf-8")
    output = io.StringIO()
    given: dict[str, Any] = {"sitting": sitting.code, "stdout": output, "stderr": output}
    with time_machine.travel(NOW - timedelta(days=40), tick=False):
        call_command("import_candidates", str(good), commit=True, **given)
        given["returned"] = str(tmp_path / "r.xlsx")
        with pytest.raises(CommandError) as refused:
            call_command("import_candidates", str(again), **given)
    run = perform(prepare_allocation(sitting=sitting, by=None, at=NOW))
    accept_allocation(run=run, by=None, at=NOW)  # type: ignore[arg-type]
    issue_admission_cards(sitting=sitting, by=None, at=NOW)
    first = Registration.objects.order_by("pk")[0]
    replace_admission_card(registration=first, by=None, at=NOW, reason="lost")
    return "\n".join([everything_stored(), output.getvalue(), str(refused.value), caplog.text])


@pytest.mark.django_db
def test_no_table_no_message_and_no_log_holds_a_number_or_a_code(told: str) -> None:
    known = [*Registration.objects.values_list("number", flat=True)]
    assert len(known) == 3
    assert all(number in told for number in known), "the look itself sees nothing"
    digits = re.sub(r"(?<=\d)[ -](?=\d)", "", told)
    assert not [number for number in numbers() if number in told or number in digits]
    codes = [access_code(number, version) for number in known for version in (1, 2)]
    assert not [code for code in codes if code in told or grouped(code) in told]
