"""The table of a plan: nobody's name in it, and enough to prove the plan without our database."""

import csv
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from centres.common.runs import perform
from centres.models import Role
from scheduling.actions.allocations import accept_allocation, prepare_allocation, publish_table
from scheduling.arrays import Policy
from scheduling.arrays.published import line_name, read_table, table_path
from scheduling.errors import TableMissing
from scheduling.models import RefusedSession, Rule
from scheduling.studies import reason_for
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def country():
    made = small_country()
    RefusedSession.objects.create(registration=made.people[0], exam_session=made.sessions[0])
    return made


def accepted(country, now, **policy):
    run = prepare_allocation(
        sitting=country.sitting, by=None, at=now, seed=4, policy=Policy(**policy)
    )
    accept_allocation(run=perform(run), by=None, at=now)
    run.refresh_from_db()
    return run


def verified(run) -> str:
    out = io.StringIO()
    call_command("verify_plan", str(table_path(run)), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("rule", list(Rule))
def test_an_outsider_proves_the_plan_from_the_table_alone(country, now, rule, db):
    said = verified(accepted(country, now, rule=rule))
    assert said.count("equal.") == (2 if rule in (Rule.IN_TURN, Rule.BY_HAND) else 3)


def test_no_number_and_no_home_stands_in_the_table(country, now):
    run = accepted(country, now)
    with zipfile.ZipFile(table_path(run)) as table:
        text = "".join(table.read(name).decode() for name in table.namelist())
    for person in country.people:
        assert person.number not in text
        assert person.candidate.family_name_th not in text
    rows = list(csv.reader(io.StringIO(text[text.index("line,class") :])))[1:21]
    assert all(min(int(cost) for cost in row[3:] if cost) == 0 for row in rows)
    names = [row[0] for row in rows]
    assert names == sorted(names) != [line_name(run, p.number) for p in country.people]


def test_the_candidate_is_told_his_line_once_it_is_published(country, now):
    run = accepted(country, now)
    person = country.people[3]
    person.sitting.refresh_from_db()
    assert reason_for(person).line == ""
    publish_table(run=run, by=None, at=now)
    person.sitting.refresh_from_db()
    line = reason_for(person).line
    table = read_table(table_path(run))
    row = table.lines.index(line)
    seat = run.lines.get(registration=person)
    code = f"{seat.centre.code}/{seat.exam_session.number}"
    assert table.codes[table.column[row]] == code


def test_a_table_somebody_has_touched_is_found_out(country, now, tmp_path):
    run = accepted(country, now)
    arrays_column = read_table(table_path(run))
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(table_path(run)) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "people.csv":
                first = text.splitlines()[1]
                line, access, place, *costs = first.split(",")
                elsewhere = next(c for c in arrays_column.codes if c != place)
                text = text.replace(first, ",".join([line, access, elsewhere, *costs]))
            new.writestr(name, text)
    with pytest.raises(CommandError):
        call_command("verify_plan", str(other), stdout=io.StringIO())


def test_what_is_no_table_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "plan.zip"
    path.write_bytes(b"PK\x03\x04 but no zip")
    with pytest.raises(CommandError, match=r"plan\.zip"):
        call_command("verify_plan", str(path))


def test_the_table_is_loaded_by_anybody_but_only_once_it_is_published(
    country, now, client, make_staff, sign_in
):
    run = accepted(country, now)
    address = reverse("published_table", args=[country.sitting.pk])
    assert client.get(address).status_code == 404
    staff = sign_in(make_staff(Role.STAFF))
    staff.post(reverse("table_publish", args=[run.pk]))
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == table_path(run).read_bytes()
    page = client.get(reverse("lottery", args=[country.sitting.pk])).content.decode()
    run.refresh_from_db()
    assert run.table_digest in page


def test_a_table_that_is_no_longer_what_was_accepted_is_not_published(country, now):
    run = accepted(country, now)
    table_path(run).write_bytes(b"")
    with pytest.raises(TableMissing):
        publish_table(run=run, by=None, at=now)


def test_the_inventory_names_a_table_that_is_missing_or_is_not_what_was_accepted(country, now):
    def told() -> str:
        out = io.StringIO()
        call_command("inventory", stdout=out)
        return out.getvalue()

    run = accepted(country, now)
    assert "tables of plans in published: 1 whole" in told()
    table_path(run).write_bytes(b"another")
    assert f"plan-{run.pk}.zip is not what was accepted" in told()
    table_path(run).unlink()
    assert f"plan-{run.pk}.zip is missing" in told()
