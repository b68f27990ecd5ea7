"""Files come back changed: everything is checked first, and a wrong cell changes nothing."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from centres.common.audit import AuditEntry
from centres.models import Building, Centre, Role, Room, Seat
from scheduling.forms.places import EXAMPLES, HEADINGS, drawn, read_chairs
from tests.factories import make_centre, make_room, make_sitting

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(make_staff, sign_in):
    return sign_in(make_staff(Role.STAFF))


def csv_of(*rows, headings=HEADINGS) -> SimpleUploadedFile:
    text = "\n".join(",".join(map(str, row)) for row in (headings, *rows))
    return SimpleUploadedFile("places.csv", text.encode(), "text/csv")


def changed(row, **cells):
    return tuple(cells.get(name, value) for name, value in zip(HEADINGS, row, strict=True))


def send(staff, *rows, **extra):
    return staff.post(reverse("places_file"), {"file": csv_of(*rows), **extra})


def test_a_new_body_sets_itself_up_from_the_template(staff):
    answer = staff.get(reverse("places_load"))
    book = load_workbook(io.BytesIO(answer.content))
    rows = [[cell.value for cell in row] for row in book["data"].iter_rows(min_row=2)]
    assert rows[0][0] == "C01"
    assert send(staff, *EXAMPLES).status_code == 302
    assert (Centre.objects.count(), Building.objects.count(), Room.objects.count()) == (1, 1, 2)
    room = Room.objects.get(code="1101")
    assert (room.door, room.seats.count(), room.seats.filter(is_usable=True).count()) == (
        "front_left", 18, 17,
    )  # fmt: skip
    assert room.seats.get(label="C1").y == 2
    assert Seat.objects.get(kind="wheelchair").room.is_separate
    assert AuditEntry.objects.first().facts["rooms"] == 2


def test_what_is_loaded_and_sent_back_unchanged_changes_nothing(staff):
    make_room(make_centre(province="50"), rows=2, columns=3, door="back_left")
    Seat.objects.filter(label="B1").update(kind="magnifier")
    Seat.objects.filter(label="A2").update(is_usable=False)
    before = list(Seat.objects.values())
    loaded = staff.get(reverse("places_load")).content
    file = SimpleUploadedFile("places.xlsx", loaded)
    page = staff.post(reverse("places_file"), {"file": file}, follow=True).content.decode()
    assert "0 centres, 0 buildings, 0 rooms, 0 chairs" in page
    assert list(Seat.objects.values()) == before


def test_a_chair_that_is_no_longer_drawn_is_kept_but_not_used(staff):
    send(staff, EXAMPLES[1])
    label = Seat.objects.get(x=2, y=1).label
    send(staff, changed(EXAMPLES[1], chairs="X_W/X"))
    assert not Seat.objects.get(label=label).is_usable
    assert Seat.objects.count() == 4


@pytest.mark.parametrize(
    ("cells", "row", "said"),
    [
        ({"latitude": "99.49", "longitude": "18.29"}, 2, "swapped"),
        ({"latitude": "0"}, 2, "no place in Thailand"),
        ({"province": "ลำปางง"}, 2, "province"),
        ({"chairs": "XX?X"}, 2, "“?”"),
        ({"chairs": "___"}, 2, "no chair"),
        ({"floor": "one"}, 2, "whole number"),
        ({"lift": "maybe"}, 2, "yes or no"),
        ({"room": ""}, 2, "empty"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_written(staff, cells, row, said):
    answer = send(staff, changed(EXAMPLES[0], **cells), EXAMPLES[1])
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'<th scope="row">{row}</th>' in page
    assert not Centre.objects.exists()


def test_two_rows_that_say_different_things_of_one_centre_or_room_are_refused(staff):
    other = changed(EXAMPLES[1], centre_th="ศูนย์อื่น")
    assert "Row 2 says something else of C01" in send(staff, EXAMPLES[0], other).content.decode()
    assert "stands in row 2" in send(staff, EXAMPLES[0], EXAMPLES[0]).content.decode()
    assert not Room.objects.exists()


def test_the_marked_copy_comes_back_as_a_workbook(staff):
    answer = send(staff, changed(EXAMPLES[0], latitude="0"), marked="1")
    book = load_workbook(io.BytesIO(answer.content))
    assert book["faults"]["A2"].value == 2
    assert not Centre.objects.exists()


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01 no sheet", b"PK\x03\x04 half a zip", HEADINGS[0].encode()]
)
def test_a_file_that_is_none_is_said_in_one_sentence(staff, data):
    file = SimpleUploadedFile("places.xlsx", data)
    answer = staff.post(reverse("places_file"), {"file": file})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert staff.post(reverse("places_file")).status_code == 422


def test_candidates_are_registered_all_or_nobody(staff):
    make_centre("CNX", name_th="ศูนย์สอบเชียงใหม่", name_en="Chiang Mai Centre")
    sitting = make_sitting()
    address = reverse("candidates_file", args=[sitting.pk])
    head = "passport,passport_country,prefix,given_name_en,birth_date,home_province,wish_1"
    good = "C01X00T47,GBR,Mr,John,1998-07-05,Chiang Mai,CNX/1"
    for rows, status in ((f"{good}\n,,Mr,Nobody,1998-07-05,Nowhere,", 422), (good, 302)):
        file = SimpleUploadedFile("people.csv", f"{head}\n{rows}".encode())
        assert staff.post(address, {"file": file}).status_code == status
    assert sitting.registrations.count() == 1
    again = SimpleUploadedFile("people.csv", f"{head}\n{good}".encode())
    assert "registered for this sitting already" in (
        staff.post(address, {"file": again}).content.decode()
    )


def test_a_drawing_is_read_as_it_is_drawn():
    for drawing in ("XX_XW/x__MX", "X", "__X/X__"):
        assert drawn(read_chairs(drawing)).rstrip("_") == drawing.rstrip("_")


def test_others_are_refused(make_staff, sign_in):
    auditor = sign_in(make_staff(Role.AUDITOR))
    for name in ("places_file", "places_load", "candidates_template"):
        assert auditor.get(reverse(name)).status_code == 403
