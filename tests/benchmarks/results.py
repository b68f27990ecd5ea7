"""From answer sheets to results that are read: the whole country, two forms of 150 items."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection
from django.test.utils import override_settings, setup_databases, teardown_databases

from centres.common.identity import access_code, derived_key
from centres.models import Seat, User
from proctoring.models import Attendance
from scheduling.models import Booking, ExamForm, Sitting
from scoring import lookup
from scoring.actions.items import NewItem, enter_key, lay_out_form, single_answers
from scoring.actions.responses import ingest_response_file
from scoring.arrays import key_of, load_matrix
from scoring.book.pointer import Released, write_pointer
from scoring.book.sealed import Book, Entry, write_book
from scoring.book.signing import describe
from scoring.facts import BOOK_PEPPER, SCORED, Edition, Mark, PaperFacts, Personal
from scoring.models import AnswerSheet, KeyVersion, ScaleSpec
from scoring.psychometrics.keying import ItemKey
from scoring.studies import FormData, paper_scores
from scoring.studies.what_if import key_effects
from tests.benchmarks import Row, seconds
from tests.factories import NOW, make_centre, make_room, make_room_session, make_sitting
from tests.scoring.conftest import seat_people

PEOPLE, ITEMS, COMMON = 59_679, 150, 30
RELEASE_KEY = b"k" * 32


def rows() -> list[Row]:
    """Sheets taken in, stored and read; one remedy weighed; the book written and asked."""
    with tempfile.TemporaryDirectory() as name, _empty_database():
        folder = Path(name)
        sitting, bookings = _found()
        return [*_sheet_rows(sitting, bookings, folder), *_book_rows(bookings, folder)]


@contextmanager
def _empty_database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


def _found() -> tuple[Sitting, list[Booking]]:
    """One sitting with everybody on a chair and present, forms A and B in turn, keys and cut."""
    sitting = make_sitting()
    room = make_room(make_centre(), rows=1, columns=1)
    Seat.objects.bulk_create(
        Seat(room=room, label=f"S{n}", x=1 + n % 250, y=1 + n // 250) for n in range(PEOPLE)
    )
    session = make_room_session(room, sitting.exam_sessions.get())
    bookings = seat_people(sitting, session, PEOPLE)
    forms = list(ExamForm.objects.order_by("code"))
    for turn, booking in enumerate(bookings):
        booking.exam_form = forms[turn % 2]
    Booking.objects.bulk_update(bookings, ["exam_form"], batch_size=5000)
    Attendance.objects.bulk_create(
        Attendance(booking=b, room_session=session, state="submitted", seat="S") for b in bookings
    )
    _lay_out(sitting, forms)
    return sitting, bookings


def _lay_out(sitting: Sitting, forms: list[ExamForm]) -> None:
    by = User.objects.create(username="bench")
    for form in forms:
        codes = [f"C{n:03d}" for n in range(COMMON)]
        codes += [f"{form.code}{n:03d}" for n in range(ITEMS - COMMON)]
        lay_out_form(form=form, items=[NewItem(code) for code in codes], by=by, at=NOW)
        key = single_answers(form, "ABCDE" * (ITEMS // 5))
        enter_key(form=form, key=key, reason="bench", by=by, at=NOW)
    paper = forms[0].paper
    ScaleSpec.objects.create(
        sitting=sitting, paper=paper, base_form=forms[0], cut=60, reason="bench", at=NOW
    )


def _sheet_rows(sitting: Sitting, bookings: list[Booking], folder: Path) -> list[Row]:
    path = folder / "sheets.csv"
    _write_sheets(bookings, path)
    before = _bytes_in_database()
    taking_in = seconds(
        lambda: ingest_response_file(sitting=sitting, path=path, by=None, at=NOW), times=1
    )
    stored = (_bytes_in_database() - before) / 1e6
    forms = list(ExamForm.objects.order_by("code"))
    loading = seconds(lambda: [load_matrix(sitting, form) for form in forms])
    limit = _reading_an_array(folder)
    spec = ScaleSpec.objects.select_related("base_form").get()
    data = [
        FormData(
            form.pk,
            form.code,
            load_matrix(sitting, form),
            key_of(KeyVersion.objects.get(form=form)),
        )
        for form in forms
    ]
    known = paper_scores(spec, data)
    change = ItemKey("A000", ("B",))
    weighing = seconds(lambda: key_effects(spec, data, forms[0].pk, change, known))
    scaling = seconds(lambda: paper_scores(spec, data))
    return [
        Row(f"take in {PEOPLE} sheets of {ITEMS} from CSV", taking_in, "s", goal=5),
        Row("stored", stored, "MB", "one byte an answer", PEOPLE * ITEMS / 1e6, goal=15),
        Row("read into matrices", loading, "s", "numpy.load of the same", limit, goal=0.5),
        Row("score, equate and scale everybody", scaling, "s"),
        Row("one remedy weighed, everything recomputed", weighing, "s"),
    ]


def _write_sheets(bookings: list[Booking], path: Path) -> None:
    """Answers of people whose ability is normal, to items of even difficulty."""
    rng = np.random.default_rng(2570)
    letters = np.frombuffer(("ABCDE" * (ITEMS // 5)).encode(), np.uint8)
    theta = rng.normal(size=PEOPLE)
    with path.open("w") as out:
        out.write("number,form,answers\n")
        for place, booking in enumerate(bookings):
            right = rng.random(ITEMS) < 1 / (1 + np.exp(-(theta[place] + 0.6)))
            wrong = 65 + rng.integers(0, 5, ITEMS)
            marks = np.where(right, letters, wrong).astype(np.uint8).tobytes().decode()
            out.write(f"{booking.registration.number},{'AB'[place % 2]},{marks}\n")


def _bytes_in_database() -> int:
    """Bytes in use: of the whole file in SQLite, of the table of sheets in PostgreSQL."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        else:
            table = AnswerSheet._meta.db_table
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
        return int(cursor.fetchone()[0])


def _reading_an_array(folder: Path) -> float:
    file = folder / "all.npy"
    np.save(file, np.zeros((PEOPLE, ITEMS), np.uint8))
    return seconds(lambda: np.load(file))


# --- the book -------------------------------------------------------------------------------------


def _book_rows(bookings: list[Booking], folder: Path) -> list[Row]:
    entries = [_entry(booking, place) for place, booking in enumerate(bookings)]
    edition = Edition(
        "ครั้งที่ 1/2570", "Sitting 1/2570", 1, NOW, "",
        (PaperFacts("วิชาครู", "Teaching", 0, 100, 60, PEOPLE, 40_000),),
    )  # fmt: skip
    path = folder / "one.book"
    sealing = seconds(lambda: _write(path, entries, edition), times=1)
    proving = seconds(lambda: describe(path, "1"))
    some = entries[:: PEOPLE // 2000]
    with Book(path) as book:
        reading = seconds(lambda: [_read(book, entry) for entry in some]) / len(some)
    write_pointer(folder, [Released("1", path.name, RELEASE_KEY)])
    with override_settings(BOOKS_DIR=folder):
        answering = seconds(lambda: [_answer(entry) for entry in some]) / len(some)
    return [
        Row(f"seal {PEOPLE} results in a book", sealing, "s", goal=15),
        Row("the book", path.stat().st_size / 1e6, "MB", goal=20),
        Row("measure it for its manifest", proving, "s"),
        Row("read one result", reading * 1e6, "µs", "AES-GCM alone", _one_cipher() * 1e6),
        Row("answer one question with a page", answering * 1e6, "µs", "read it", reading * 1e6),
    ]


def _entry(booking: Booking, place: int) -> Entry:
    number, candidate = booking.registration.number, booking.registration.candidate
    name = f"{candidate.prefix}{candidate.given_name_th} {candidate.family_name_th}"
    score = place % 101
    mark = Mark(SCORED, score, max(score - 4, 0), min(score + 4, 100), score >= 60)
    english = f"{candidate.given_name_en} {candidate.family_name_en}"
    return Entry(number, access_code(number, 1), Personal(name, english, (mark,)).to_bytes())


def _write(path: Path, entries: list[Entry], edition: Edition) -> None:
    write_book(
        path,
        entries,
        pepper=derived_key(BOOK_PEPPER),
        release_key=RELEASE_KEY,
        salt=b"s" * 16,
        preface=edition.to_bytes(),
    )


def _read(book: Book, entry: Entry) -> bytes:
    pepper = derived_key(BOOK_PEPPER)
    return book.read(entry.number, entry.code, pepper=pepper, release_key=RELEASE_KEY)


def _answer(entry: Entry) -> None:
    lookup.by_network = lookup.Bucket(size=1e9, per_second=1)
    address, language = "203.0.113.1", settings.LANGUAGE_CODE
    found = lookup.answer(
        entry.number, entry.code, address=address, language=language, now=monotonic()
    )
    if found.status not in (200, 429):
        raise RuntimeError(f"the door answered {found.status}")
    lookup.by_number = lookup.Bucket(size=5, per_second=1)


def _one_cipher() -> float:
    cipher = AESGCM(RELEASE_KEY)
    sealed = cipher.encrypt(bytes(12), b"x" * 300, b"")
    return seconds(lambda: [cipher.decrypt(bytes(12), sealed, b"") for _ in range(2000)]) / 2000
