"""A small sitting that has been sat: two exam forms, a ledger, a file of answers, keys."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from centres.common.identity import registration_number
from centres.common.runs import perform
from centres.models import Role, User
from proctoring.models import Attendance
from scheduling.models import (
    Booking,
    BookingState,
    Candidate,
    ExamForm,
    Paper,
    Registration,
    RoomSession,
    Sitting,
)
from scoring.actions.analysis import create_analysis
from scoring.actions.balance import sign_intake
from scoring.actions.decisions import propose_keeping, sign_keeping
from scoring.actions.items import NewItem, enter_key, lay_out_form, single_answers
from scoring.actions.responses import ingest_response_file
from scoring.actions.scaling import create_scaling, set_scale
from scoring.actions.second_scoring import create_second_scoring
from scoring.actions.similarity import create_similarity
from scoring.models import AlikePair, AnalysisRun, ResponseFile, ScalingRun, SignedMatter
from scoring.queries.decisions import open_flags
from scoring.queries.intake import matter_digest, open_figures
from scoring.queries.results import newest_analyses
from tests.factories import NOW, make_centre, make_room, make_room_session, make_sitting

ITEMS, COMMON = 20, 6


@dataclass
class Sat:
    """A sitting after its day, and what was really marked on each sheet."""

    sitting: Sitting
    paper: Paper
    forms: list[ExamForm]
    keys: dict[int, str]
    bookings: list[Booking]
    sheets: dict[str, tuple[str, str]]
    folder: Path
    examiner: User
    second: User

    def write(self, rows: list[tuple[str, str, str]], name: str = "sheets.csv") -> Path:
        file = self.folder / name
        with file.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([("number", "form", "answers"), *rows])
        return file

    def rows(self) -> list[tuple[str, str, str]]:
        return [(number, form, answers) for number, (form, answers) in self.sheets.items()]

    def ingest(self, rows: list[tuple[str, str, str]] | None = None) -> ResponseFile:
        file = self.write(self.rows() if rows is None else rows)
        return ingest_response_file(sitting=self.sitting, path=file, by=self.examiner, at=NOW)

    def analyse(self) -> list[AnalysisRun]:
        runs = [
            create_analysis(sitting=self.sitting, form=form, by=self.examiner, at=NOW)
            for form in self.forms
        ]
        for run in runs:
            perform(run)
        return runs

    def scale(self) -> ScalingRun:
        """Scores of a sitting whose sheets were read once and scored twice."""
        self.sign(SignedMatter.READING)
        self.decide()
        run = create_scaling(sitting=self.sitting, by=self.examiner, at=NOW)
        perform(run)
        perform(create_second_scoring(scaling=run, by=self.second, at=NOW))
        return run

    def decide(self) -> None:
        """Two people keep the key of every flagged item."""
        for run in newest_analyses(self.sitting):
            if open_flags(run):
                propose_keeping(run=run, reason="read again", by=self.examiner, at=NOW)
                sign_keeping(run=run, reason="agreed", by=self.second, at=NOW)

    def sign(self, matter: str) -> None:
        """Two people answer for what does not close, where something does not."""
        figures = open_figures(self.sitting, SignedMatter(matter))
        signed = self.sitting.intake_signatures.filter(digest=matter_digest(figures)).exists()
        for person in (self.examiner, self.second) if figures and not signed else ():
            sign_intake(
                sitting=self.sitting, matter=matter, digest=matter_digest(figures),
                reason="looked at it together", by=person, at=NOW,
            )  # fmt: skip


def answer_sheets(rng: np.random.Generator, people: int, key: str) -> list[str]:
    """Answers of people whose ability is normal: better ones choose the key more often."""
    theta = rng.normal(size=people)
    difficulty = np.linspace(-1.5, 1.5, len(key))
    right = rng.random((people, len(key))) < 1 / (1 + np.exp(-1.5 * (theta[:, None] - difficulty)))
    sheets = []
    for row in right:
        marks = [
            key[j] if yes else rng.choice([o for o in "ABCDE" if o != key[j]])
            for j, yes in enumerate(row)
        ]
        sheets.append("".join(marks))
    return sheets


def seat_people(sitting: Sitting, room_session: RoomSession, count: int) -> list[Booking]:
    """Invented people on the first chairs of a room, all at once; women and men in turn."""
    candidates = Candidate.objects.bulk_create(
        Candidate(
            identity_kind="passport",
            identity_sealed=b"",
            identity_hash=f"{n:032d}".encode(),
            identity_masked="x",
            prefix="นางสาว",
            given_name_th=f"ขวัญข้าว{n}",
            family_name_th="ทดสอบ",
            given_name_en=f"Khwankhao{n}",
            family_name_en="Thotsop",
            sort_key=f"{n}",
            sex="fm"[n % 2],
        )
        for n in range(count)
    )
    registrations = Registration.objects.bulk_create(
        Registration(
            candidate=candidate,
            sitting=sitting,
            number=registration_number(n),
            home_province="50",
            home_latitude=18.7,
            home_longitude=98.9,
            registered_at=NOW,
        )
        for n, candidate in enumerate(candidates)
    )
    seats = room_session.room.seats.order_by("pk")[:count]
    return Booking.objects.bulk_create(
        Booking(
            registration=registration,
            paper=room_session.exam_session.paper,
            room_session=room_session,
            seat=seat,
            access_class="standard",
            state=BookingState.CONFIRMED,
            made_at=NOW,
        )
        for registration, seat in zip(registrations, seats, strict=True)
    )


@pytest.fixture
def make_sat(make_staff: Callable[..., User], tmp_path: Path) -> Callable[..., Sat]:
    """make_sat(people=24): exam forms A and B handed out in turn; the last person is absent."""

    def make(people: int = 24, *, seed: int = 1) -> Sat:
        sitting = make_sitting()
        session = sitting.exam_sessions.get()
        room = make_room(make_centre(), rows=(people + 7) // 8, columns=8)
        bookings = seat_people(sitting, make_room_session(room, session), people)
        forms = list(ExamForm.objects.filter(paper=session.paper).order_by("code"))
        examiner = make_staff(Role.EXAMINER, username="examiner")
        second = make_staff(Role.EXAMINER, username="examiner2")
        sat = Sat(sitting, session.paper, forms, {}, bookings, {}, tmp_path, examiner, second)
        rng = np.random.default_rng(seed)
        _lay_out(sat, rng)
        _sit(sat, rng)
        return sat

    return make


def _lay_out(sat: Sat, rng: np.random.Generator) -> None:
    letters = {f"C{n:02d}": str(rng.choice(list("ABCDE"))) for n in range(COMMON)}
    for form in sat.forms:
        own = {f"{form.code}{n:02d}": str(rng.choice(list("ABCDE"))) for n in range(ITEMS - COMMON)}
        answers = letters | own
        items = [NewItem(code) for code in answers]
        lay_out_form(form=form, items=items, by=sat.examiner, at=NOW)
        key = "".join(answers.values())
        enter_key(
            form=form, key=single_answers(form, key), reason="as set", by=sat.examiner,
            signed_by=sat.second, at=NOW,
        )  # fmt: skip
        sat.keys[form.pk] = key
    set_scale(
        sitting=sat.sitting,
        paper=sat.paper,
        base_form=sat.forms[0],
        cut=60,
        reason="set by the panel",
        by=sat.examiner,
        at=NOW,
    )


def _sit(sat: Sat, rng: np.random.Generator) -> None:
    for turn, form in enumerate(sat.forms):
        some = sat.bookings[turn :: len(sat.forms)]
        for booking, sheet in zip(
            some, answer_sheets(rng, len(some), sat.keys[form.pk]), strict=True
        ):
            booking.exam_form = form
            sat.sheets[booking.registration.number] = form.code, sheet
    Booking.objects.bulk_update(sat.bookings, ["exam_form"])
    absent = sat.bookings[-1]
    del sat.sheets[absent.registration.number]
    Attendance.objects.bulk_create(
        Attendance(
            booking=booking,
            room_session=booking.room_session,
            state="absent" if booking == absent else "submitted",
            seat=booking.seat.label,
        )
        for booking in sat.bookings
    )


@pytest.fixture
def sat(make_sat: Callable[..., Sat]) -> Sat:
    return make_sat()


@pytest.fixture
def alike(sat: Sat) -> AlikePair:
    """A pair that a comparison has listed; its figures are invented."""
    sat.ingest()
    analysis = sat.analyse()[0]
    run = create_similarity(
        sitting=sat.sitting, paper=sat.paper, reach="room", by=sat.examiner, at=NOW
    )
    perform(run)
    people = [one for one in sat.bookings if one.registration.number in sat.sheets]
    first, second = [one for one in people if one.exam_form_id == analysis.form_id][:2]
    return AlikePair.objects.create(
        run=run,
        analysis=analysis,
        first=first.registration,
        second=second.registration,
        room_session=first.room_session,
        items=20,
        matches=19,
        wrong_matches=9,
        expected=8.5,
        expected_wrong=1.5,
        omega=6.1,
        log10_gbt=-7.2,
        log10_m4=-11.4,
        adjusted=3e-7,
        distance=1.0,
    )
