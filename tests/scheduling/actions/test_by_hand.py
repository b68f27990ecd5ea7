"""A plan goes out as a workbook, is edited, and comes back: judged by row, priced, accepted."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from openpyxl import load_workbook

from centres.common.runs import perform
from centres.models import Role
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.arrays.published import table_path
from scheduling.errors import SecondPersonNeeded
from scheduling.models import AllocationRun, Booking, RefusedSession, Rule
from scheduling.studies import reason_for
from tests.factories import make_room
from tests.scheduling.small_country import add_wheelchair_place, open_places, small_country

pytestmark = pytest.mark.django_db

NUMBER, CENTRE, SESSION, _BUILDING, ROOM, SEAT = range(6)


@pytest.fixture
def country():
    return small_country()


@pytest.fixture
def plan(country, now):
    return perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=7))


class Desk:
    """The staff page: loads a plan as a workbook and sends a changed one back."""

    def __init__(self, client, country) -> None:
        self.client, self.address = client, reverse("plan_file", args=[country.sitting.pk])

    def load(self, run):
        page = self.client.get(reverse("run_load", args=[run.pk]))
        return load_workbook(io.BytesIO(page.content))

    def send(self, book):
        written = io.BytesIO()
        book.save(written)
        file = SimpleUploadedFile("plan.xlsx", written.getvalue())
        return self.client.post(self.address, {"file": file}, headers={"accept-language": "en"})


@pytest.fixture
def desk(country, sign_in, make_staff):
    return Desk(sign_in(make_staff(Role.STAFF, username="editor")), country)


def rows_of(book):
    return list(book.active.iter_rows(min_row=2))


def test_an_unchanged_plan_comes_back_as_the_best_plan_chair_by_chair(country, plan, desk):
    page = desk.send(desk.load(plan))
    kept = AllocationRun.objects.exclude(pk=plan.pk).get()
    assert page.status_code == 302
    assert page.url == reverse("allocation", args=[kept.pk])
    assert kept.parameters["rule"] == Rule.BY_HAND
    assert kept.objective == kept.bound == plan.objective
    told = [
        list(run.lines.order_by("registration").values_list("registration", "seat", "cost"))
        for run in (plan, kept)
    ]
    assert told[0] == told[1]


def test_two_who_change_places_are_kept_with_what_that_costs_and_accepted_by_another(
    country, plan, desk, now, make_staff
):
    book = desk.load(plan)
    rows = rows_of(book)
    north = next(row for row in rows if row[CENTRE].value == "CNX" and row[SESSION].value == 1)
    other = next(row for row in rows if row[SESSION].value == 2 or row[CENTRE].value == "HDY")
    for column in range(CENTRE, SEAT + 1):
        north[column].value, other[column].value = other[column].value, north[column].value
    desk.send(book)
    kept = AllocationRun.objects.exclude(pk=plan.pk).get()
    assert kept.bound == plan.objective <= kept.objective
    assert kept.objective == sum(kept.lines.values_list("cost", flat=True))
    with pytest.raises(SecondPersonNeeded):
        accept_allocation(run=kept, by=kept.started_by, at=now)
    accept_allocation(run=kept, by=make_staff(Role.STAFF, username="second"), at=now)
    assert Booking.objects.filter(allocation=kept, state="confirmed").count() == 20
    call_command("verify_plan", str(table_path(kept)), stdout=(said := io.StringIO()))
    assert said.getvalue().count("equal.") == 2
    country.sitting.refresh_from_db()
    person = country.people[0]
    person.sitting.refresh_from_db()
    assert reason_for(person).rule == Rule.BY_HAND


def test_every_fault_of_the_judge_is_told_by_its_row(country, plan, desk):
    first = plan.lines.filter(exam_session=country.sessions[0])[0]
    RefusedSession.objects.create(registration=first.registration, exam_session=country.sessions[0])
    book = desk.load(plan)
    rows = rows_of(book)
    row_of = {row[NUMBER].value: row[0].row for row in rows}
    theirs = {row[NUMBER].value: row for row in rows}
    same = [n for n, row in theirs.items() if row[SESSION].value == 2]
    for column in range(CENTRE, SEAT + 1):
        theirs[same[0]][column].value = theirs[same[1]][column].value
    said = desk.send(book).content.decode()
    assert "cells must be mended first. Nothing was changed." in said
    assert "he refuses it, or his extra time" in said
    assert f">{row_of[first.registration.number]}</th>" in said
    assert "Somebody else sits on this chair too" in said
    assert AllocationRun.objects.count() == 1


def test_more_people_than_places_and_a_chair_of_another_kind_are_told(country, plan, desk):
    room = country.north.buildings.get().rooms.get()
    add_wheelchair_place(room)
    open_places(country.north, country.sessions[0], "wheelchair", 1)
    book = desk.load(plan)
    rows_of(book)[4][CENTRE].value = "CNX"
    rows_of(book)[4][SESSION].value = 1
    rows_of(book)[4][ROOM].value = room.code
    rows_of(book)[4][SEAT].value = "W1"
    said = desk.send(book).content.decode()
    assert "does not serve this person&#x27;s kind of place" in said
    assert AllocationRun.objects.count() == 1


def test_unknown_numbers_rooms_and_chairs_and_missing_people_are_told_by_cell(country, plan, desk):
    make_room(country.north, "999")  # a room, but of no exam session
    book = desk.load(plan)
    rows = rows_of(book)
    rows[0][NUMBER].value = "0000000001"
    rows[1][CENTRE].value = "XXX"
    rows[2][ROOM].value = "999"
    rows[3][SEAT].value = "Z9"
    rows[4][SESSION].value = 9
    rows[6][NUMBER].value = rows[5][NUMBER].value
    said = desk.send(book).content.decode()
    for sentence in (
        "Nobody of this sitting has this registration number.",
        "There is no such centre in this sitting.",
        "This room is not used in this exam session of this centre.",
        "This room has no such chair, or it cannot be used.",
        "This sitting has no such exam session.",
        f"This registration stands in row {rows[5][0].row} already.",
    ):
        assert sentence in said
    book = desk.load(plan)
    book.active.delete_rows(2)
    assert "1 registered people are not in the file" in desk.send(book).content.decode()
    assert AllocationRun.objects.count() == 1
