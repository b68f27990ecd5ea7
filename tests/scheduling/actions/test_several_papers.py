"""Several papers in one sitting: planned to a proven bound, accepted, carded, explained."""

import io
import re
import zipfile
from datetime import timedelta
from itertools import combinations

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation

from centres.common.runs import RunState, perform
from centres.models import Role
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.allocations import accept_allocation, prepare_allocation, publish_table
from scheduling.actions.by_hand import keep_plan_by_hand
from scheduling.actions.moves import choose_move_plan, prepare_move_study
from scheduling.actions.plans import accept_moves, undo_moves
from scheduling.allocation.entries import MOST_GAP
from scheduling.arrays import Policy, load_plan, load_problem, policy_of
from scheduling.arrays.moves import Lost
from scheduling.arrays.published import read_table, table_path
from scheduling.errors import ProofFails
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Booking,
    Company,
    ExamForm,
    ExamSession,
    Paper,
    RoomSession,
    Rule,
    SeatPool,
    SeatRequest,
    TakenPaper,
)
from scheduling.plan_errors import RuleOfOnePaper
from scheduling.printing import admission_card_pdf
from scheduling.queries.cards import valid_card_of
from scheduling.queries.soundness import soundness
from scheduling.studies import reason_for
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)
from tests.scheduling.small_country import wish

pytestmark = pytest.mark.django_db

# Paper, day, hour. The fifth session is at the time of the first.
SESSIONS = ((0, 0, 0), (1, 0, 4), (0, 1, 0), (2, 1, 4), (1, 0, 0))


class Country:
    """Two centres, three papers in five sessions, 14 people who take one, two or three of them."""

    def __init__(self) -> None:
        self.sitting = make_sitting(sessions=0)
        first = self.sitting.exam.papers.get(code="P1")
        more = [
            Paper.objects.create(
                exam=self.sitting.exam, code=code, name_th=code, name_en=code, minutes=120
            )
            for code in ("P2", "P3")
        ]
        ExamForm.objects.create(paper=more[0], code="C")
        self.papers = [first, *more]
        self.sessions = [self.session(*at, number) for number, at in enumerate(SESSIONS, start=1)]
        self.centres = [make_centre("CNX"), make_centre("HDY", latitude=7.01, longitude=100.47)]
        for centre in self.centres:
            rooms = [make_room(centre), make_room(centre, "215", rows=2, columns=3)]
            for session in self.sessions:
                make_room_session(rooms[session == self.sessions[4]], session)
        self.people = [make_registration(self.sitting) for _ in range(14)]
        for number, person in enumerate(self.people):
            wish(person, (self.centres[0], self.sessions[0]), self.centres[0], self.centres[1])
            for paper in self.papers[: 1 + number % 3]:
                TakenPaper.objects.create(registration=person, paper=paper)

    def session(self, paper: int, day: int, hour: int, number: int) -> ExamSession:
        start = NOW + timedelta(days=day, hours=hour)
        return ExamSession.objects.create(
            sitting=self.sitting, paper=self.papers[paper], number=number, starts_at=start,
            doors_open_at=start - timedelta(minutes=45), ends_at=start + timedelta(hours=3),
            doors_close_at=start + timedelta(minutes=30),
        )  # fmt: skip

    def planned(self, now, **policy):
        run = prepare_allocation(
            sitting=self.sitting, by=None, at=now, seed=4, policy=Policy(**policy)
        )
        return perform(run)

    def accepted(self, now, **policy):
        run = self.planned(now, **policy)
        assert (run.state, run.error) == (RunState.DONE, "")
        accept_allocation(run=run, by=None, at=now)
        run.refresh_from_db()
        self.sitting.refresh_from_db()
        return run


@pytest.fixture
def country():
    return Country()


def test_everybody_has_each_of_his_papers_once_at_one_centre_and_never_two_at_a_time(country, now):
    run = country.planned(now)
    assert (run.state, run.error) == (RunState.DONE, "")
    for number, person in enumerate(country.people):
        lines = list(run.lines.filter(registration=person).select_related("exam_session"))
        sessions = [line.exam_session for line in lines]
        assert {one.paper_id for one in sessions} == {
            p.pk for p in country.papers[: 1 + number % 3]
        }
        assert len(lines) == 1 + number % 3
        assert len({line.centre_id for line in lines}) == 1
        for one, other in combinations(sessions, 2):
            assert one.ends_at <= other.starts_at or other.ends_at <= one.starts_at
        for line in lines:
            assert line.seat.room_id == line.room_session.room_id
            forms = list(line.exam_session.paper.exam_forms.values_list("pk", flat=True))
            assert line.exam_form_id in (forms or [None])


def test_the_plan_is_proved_to_a_ten_thousandth_and_costs_what_its_lines_say(country, now):
    run = country.planned(now)
    assert run.bound <= run.objective <= run.bound + MOST_GAP * run.objective
    assert run.result["plan"]["total_cost"] == run.objective
    assert sum(run.lines.values_list("cost", flat=True)) == run.objective
    assert run.result["first_come"]["total_cost"] >= run.bound
    assert (run.result["people"], run.result["entries"]) == (14, 27)


def test_accepting_gives_one_booking_for_each_paper_and_a_card_that_shows_them_all(country, now):
    run = country.accepted(now)
    assert Booking.objects.filter(allocation=run, state="confirmed").count() == 27
    assert sum(SeatPool.objects.values_list("taken", flat=True)) == 27
    assert not soundness().faults
    issue_admission_cards(sitting=country.sitting, by=None, at=now)
    sheet = valid_card_of(country.people[2])
    assert [booking.paper.code for booking in sheet.bookings] == sorted(
        (booking.paper.code for booking in sheet.bookings),
        key=lambda code: next(
            b.room_session.exam_session.starts_at for b in sheet.bookings if b.paper.code == code
        ),
    )
    assert {booking.paper.code for booking in sheet.bookings} == {"P1", "P2", "P3"}
    assert len(re.findall(rb"/Type\s*/Page\b", admission_card_pdf(sheet, now))) == 1


def test_the_database_refuses_two_sessions_at_one_time_whatever_a_plan_says(country, now):
    country.accepted(now)
    person = country.people[0]  # takes the first paper alone
    has = Booking.objects.get(registration=person)
    same_time = country.sessions[4 if has.room_session.exam_session.number == 1 else 1]
    ExamSession.objects.filter(pk=same_time.pk).update(
        doors_open_at=has.room_session.exam_session.doors_open_at,
        starts_at=has.room_session.exam_session.starts_at,
        doors_close_at=has.room_session.exam_session.doors_close_at,
        ends_at=has.room_session.exam_session.ends_at,
    )
    there = RoomSession.objects.filter(exam_session=same_time).first()
    taken = Booking.objects.filter(room_session=there).values("seat")
    seat = there.room.seats.exclude(pk__in=taken).first()
    with pytest.raises(IntegrityError, match="one_place_at_a_time"), transaction.atomic():
        Booking.objects.create(
            registration=person, paper=same_time.paper, room_session=there, seat=seat,
            access_class="standard", state="confirmed", made_at=now,
        )  # fmt: skip


def test_a_candidate_recomputes_why_from_his_costs_and_the_published_prices(country, now):
    run = country.accepted(now)
    for person in country.people:
        why = reason_for(person)
        assert why.cost_km == pytest.approx(
            sum(run.lines.filter(registration=person).values_list("cost", flat=True)) / 10
        )
        for way in why.easier:
            assert way.gain_km > 0
            assert way.gain_km <= way.price_km + why.gap_km + 0.01
    left = sum(reason_for(person).left_km for person in country.people)
    assert left <= why.gap_km + 0.01
    assert any(reason_for(person).easier for person in country.people)


def test_an_outsider_proves_the_plan_and_its_gap_from_the_table(country, now, tmp_path):
    run = country.accepted(now)
    publish_table(run=run, by=None, at=now)
    out = io.StringIO()
    call_command("verify_plan", str(table_path(run)), stdout=out)
    assert out.getvalue().count("equal.") == 2
    assert "the gap is" in out.getvalue()
    assert sum(len(chosen) for chosen in read_table(table_path(run)).chosen) == 14
    for member, old, new in (
        ("places.csv", ",12,", ",1,"), ("people-1.csv", "CNX/1,", "HDY/1,"),
        ("sessions.csv", "CNX/2,CNX", "CNX/2,HDY"),
    ):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("verify_plan", str(touched(run, tmp_path, member, old, new)), stdout=out)


def touched(run, tmp_path, member, old, new):
    """The table with one thing changed in one of its members."""
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(table_path(run)) as there, zipfile.ZipFile(other, "w") as here:
        for name in there.namelist():
            text = there.read(name).decode()
            assert name != member or old in text
            here.writestr(name, text.replace(old, new) if name == member else text)
    return other


def test_a_line_that_parts_the_papers_of_somebody_is_not_accepted(country, now):
    run = country.planned(now)
    line = run.lines.filter(registration=country.people[1]).first()
    other = RoomSession.objects.exclude(room__building__centre=line.centre_id).get(
        exam_session=line.exam_session
    )
    free = other.room.seats.exclude(pk__in=run.lines.values("seat")).first()
    AllocationLine.objects.filter(pk=line.pk).update(
        centre=other.room.building.centre_id, room_session=other, seat=free
    )
    with pytest.raises(ProofFails):
        accept_allocation(run=run, by=None, at=now)
    assert not Booking.objects.exists()


def test_a_carer_sits_beside_in_every_paper_and_company_of_other_papers_is_refused(country, now):
    one, other = country.people[2], country.people[5]  # both take all three
    SeatRequest.objects.create(kind=Company.TOGETHER, registration=one, other=other)
    run = country.planned(now)
    for line in run.lines.filter(registration=one).select_related("seat"):
        beside = run.lines.get(registration=other, exam_session=line.exam_session)
        assert beside.room_session_id == line.room_session_id
        assert max(abs(beside.seat.x - line.seat.x), abs(beside.seat.y - line.seat.y)) == 1
    assert run.result["unkept"] == []
    SeatRequest.objects.create(kind=Company.TOGETHER, registration=one, other=country.people[0])
    with translation.override("en"):
        refused = country.planned(now)
        assert refused.state == RunState.FAILED
        assert f"{one.number}" in refused.error
        assert "do not take the same papers" in refused.error


def test_places_that_are_missing_are_said_by_class_and_papers_and_nothing_is_kept(country, now):
    SeatPool.objects.filter(exam_session=country.sessions[3]).update(capacity=1)
    with translation.override("en"):
        run = country.planned(now)
    assert run.state == RunState.FAILED
    assert "papers P1, P2, P3: 2 people find no places" in run.error
    assert not AllocationLine.objects.exists()


def test_in_turn_each_has_the_easiest_way_to_sit_his_papers_that_was_left_for_him(
    country, now, tmp_path
):
    SeatPool.objects.filter(exam_session=country.sessions[0]).update(capacity=4)
    run = country.accepted(now, rule=Rule.IN_TURN)
    assert run.result["plan"]["total_cost"] == run.objective >= run.bound
    assert Booking.objects.filter(allocation=run, state="confirmed").count() == 27
    reasons = [reason_for(person) for person in country.people]
    assert any(why.easier for why in reasons)
    lots = {person.pk: why.lot for person, why in zip(country.people, reasons, strict=True)}
    for person, why in zip(country.people, reasons, strict=True):
        for way in why.easier:
            before = {key for key, lot in lots.items() if lot < why.lot}
            full = [
                session
                for session in way.sessions
                if run.lines.filter(
                    centre=way.centre, exam_session__number=session, registration__in=before
                ).count()
                >= SeatPool.objects.get(
                    centre=way.centre, exam_session__number=session, access_class="standard"
                ).capacity
            ]
            assert bool(full) == (way.closed_at_lot is not None), person.number
            if full:
                assert way.closed_at_lot < why.lot
    publish_table(run=run, by=None, at=now)
    out = io.StringIO()
    call_command("verify_plan", str(table_path(run)), stdout=out)
    assert out.getvalue().count("equal.") == 1
    assert "solved anew for the least total" in out.getvalue()
    with pytest.raises(CommandError):
        call_command(
            "verify_plan",
            str(touched(run, tmp_path, "people-1.csv", "CNX/1,", "HDY/1,")),
            stdout=out,
        )


def test_a_line_out_of_turn_is_not_accepted_whoever_wrote_its_digest(country, now):
    run = country.planned(now, rule=Rule.IN_TURN)
    assert (run.state, run.error) == (RunState.DONE, "")
    line = run.lines.get(registration=country.people[0])  # takes the first paper alone
    there = RoomSession.objects.exclude(room__building__centre=line.centre_id).get(
        exam_session=country.sessions[2]
    )
    taken = run.lines.filter(room_session=there).values("seat")
    AllocationLine.objects.filter(pk=line.pk).update(
        centre=there.room.building.centre_id, exam_session=there.exam_session_id,
        room_session=there, seat=there.room.seats.exclude(pk__in=taken).first(),
    )  # fmt: skip
    plan = load_plan(run, load_problem(country.sitting, policy_of(run)))
    AllocationRun.objects.filter(pk=run.pk).update(digest=plan.digest())
    with pytest.raises(ProofFails) as refusal:
        accept_allocation(run=run, by=None, at=now)
    assert refusal.value.facts["faults"] == "out_of_turn"
    assert not Booking.objects.exists()


def test_longest_first_nobody_goes_farther_than_somebody_must_and_it_is_said_why(country, now):
    """Everybody lives in the north; three wish for the south, and have no need to go there."""
    for person in country.people[:3]:
        person.wishes.all().delete()
        wish(person, country.centres[1])
    dear = (0, 40, 90, 3000)
    least = country.planned(now, rank_km=dear)
    assert least.result["plan"]["longest_km"] > 1000
    assert least.result["reach"] is None
    run = country.accepted(now, rule=Rule.LONGEST_FIRST, rank_km=dear)
    reach = run.result["reach"]
    assert reach["km"] == reach["bound_km"] == run.result["plan"]["longest_km"] < 50
    assert run.bound <= run.objective <= run.bound + MOST_GAP * run.objective
    why = reason_for(country.people[0])
    assert why.easier[0].is_too_far
    assert why.easier[0].centre == country.centres[1]
    assert why.left_km <= why.gap_km


def test_a_plan_by_hand_is_for_one_paper(country):
    with translation.override("en"), pytest.raises(RuleOfOnePaper, match="several papers"):
        keep_plan_by_hand(sitting=country.sitting, lines=[], by=None, at=NOW)


def test_after_a_plan_in_turn_moves_are_of_least_total(country, now):
    run = country.accepted(now, rule=Rule.IN_TURN)
    at = now - timedelta(days=5)
    room = run.lines.order_by("pk").first().room_session.room
    study = perform(
        prepare_move_study(sitting=country.sitting, lost=Lost(rooms=(room.pk,)), by=None, at=at)
    )
    assert study.state == RunState.DONE, study.error
    moved = perform(
        choose_move_plan(study=study, point=len(study.result["points"]) - 1, by=None, at=at)
    )
    assert (moved.state, moved.error) == (RunState.DONE, "")
    assert moved.parameters["rule"] == Rule.LEAST_TOTAL
    accept_moves(run=moved, by=None, at=at)
    assert all(
        why is None or why.rule in (Rule.IN_TURN, Rule.LEAST_TOTAL)
        for why in map(reason_for, country.people)
    )


def seats_of(country):
    """Everybody's seat for each paper, as the bookings tell it."""
    live = Booking.objects.filter(state="confirmed", registration__in=country.people)
    rows = live.values_list("registration", "paper", "room_session", "seat")
    return {(person, paper): place for person, paper, *place in rows}


def test_when_a_room_is_lost_few_move_in_few_papers_and_the_former_plan_comes_back(country, now):
    """The second paper's room at the time of the first is lost; everybody else keeps his chair."""
    north = SeatPool.objects.filter(centre=country.centres[0])
    north.filter(exam_session=country.sessions[1]).update(capacity=6)
    country.accepted(now)
    issue_admission_cards(sitting=country.sitting, by=None, at=now)
    before, at = seats_of(country), now - timedelta(days=5)
    room = country.centres[0].buildings.get().rooms.get(code="215")
    hit = set(
        Booking.objects.filter(room_session__room=room).values_list("registration", flat=True)
    )
    assert len(hit) == 3
    lost = Lost(rooms=(room.pk,))
    study = perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=at))
    assert study.state == RunState.DONE, study.error
    points = study.result["points"]
    assert (study.result["affected"], study.result["people"]) == (len(hit), 14)
    assert points[-1]["moved"] == min(point["moved"] for point in points) == len(hit)
    assert points[-1]["unasked"] == 0
    assert points[0]["cost"] == min(point["cost"] for point in points)
    run = perform(choose_move_plan(study=study, point=len(points) - 1, by=None, at=at))
    assert run.state == RunState.DONE, run.error
    accept_moves(run=run, by=None, at=at)
    after = seats_of(country)
    assert before.keys() == after.keys()
    assert {
        person for person, paper in before if before[person, paper] != after[person, paper]
    } == hit
    assert not soundness().faults
    for person in country.people:
        assert len(valid_card_of(person).bookings) == person.taken_papers.count()
    country.sitting.refresh_from_db()
    undo_moves(sitting=country.sitting, by=None, at=at)
    assert seats_of(country) == before
    assert not soundness().faults


def test_when_a_centre_is_lost_whole_days_move_together_or_it_is_said_how_many_cannot(country, now):
    country.accepted(now)
    at = now - timedelta(days=5)
    lost = Lost(centres=(country.centres[0].pk,))
    study = perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=at))
    assert study.state == RunState.DONE, study.error
    run = perform(choose_move_plan(study=study, point=0, by=None, at=at))
    accept_moves(run=run, by=None, at=at)
    centres = Booking.objects.filter(state="confirmed").values_list(
        "room_session__room__building__centre", flat=True
    )
    assert set(centres) == {country.centres[1].pk}
    assert len(seats_of(country)) == 27
    SeatPool.objects.filter(centre=country.centres[1]).update(capacity=1, taken=0)
    with translation.override("en"):
        country.sitting.refresh_from_db()
        short = perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=at))
        assert short.state == RunState.FAILED
        assert "people find no places" in short.error
    assert len(seats_of(country)) == 27


def test_the_pages_show_the_bound_the_gap_and_the_reason(country, now, sign_in, make_staff):
    run = country.accepted(now)
    AllocationRun.objects.filter(pk=run.pk).update(bound=run.objective - 1)
    staff = sign_in(make_staff(Role.STAFF))
    page = staff.get(reverse("allocation", args=[run.pk]), headers={"accept-language": "en"})
    assert f"{run.objective - 1:,}" in page.content.decode()
    assert "more than 0.01 % is not accepted" in page.content.decode()
    for number, paper in ((1, "P1"), (2, "P2"), (4, "P3")):
        assert f"Session {number}<br>{paper}</th>" in page.content.decode()
    candidate = country.people[1].candidate
    candidate.user = make_staff(Role.STAFF, username="candidate")
    candidate.save()
    own = (
        sign_in(candidate.user)
        .get(reverse("candidate_home"), headers={"accept-language": "en"})
        .content.decode()
    )
    assert "Why this seat?" in own
    assert "Of all ways to sit your papers" in own or "would have been" in own
