"""From wishes to a seat for everybody: computed, proved, accepted, and refused when it must be."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.utils import translation

from centres.common.audit import AuditEntry
from centres.common.runs import RunState, ask_to_cancel, perform
from centres.models import Role
from scheduling.actions.allocations import (
    accept_allocation,
    commit_to_seed,
    commitment_of,
    prepare_allocation,
    start_allocation,
)
from scheduling.arrays import Policy, load_problem
from scheduling.errors import (
    AllocationAccepted,
    AllocationNotDone,
    AllocationRunning,
    CommitmentTooLate,
    InputsChanged,
    ProofFails,
    SeatsBookedAlready,
    SecondPersonNeeded,
    SeedCommitted,
    WishesStillOpen,
)
from scheduling.models import (
    AccessClass,
    AllocationLine,
    AllocationRun,
    Booking,
    Need,
    NeedKind,
    Registration,
    Rule,
    SeatPool,
)
from tests.factories import make_booking, make_registration, make_room, make_room_session
from tests.scheduling.small_country import (
    SmallCountry,
    add_wheelchair_place,
    open_places,
    small_country,
    wish,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def country():
    return small_country()


def finished(country: SmallCountry, now, seed: int = 7) -> AllocationRun:
    run = prepare_allocation(sitting=country.sitting, by=None, at=now, seed=seed)
    return perform(run)


def test_everybody_gets_a_line_with_a_seat_of_his_own(country, now):
    run = finished(country, now)
    lines = list(AllocationLine.objects.filter(run=run))
    assert (run.state, run.error) == (RunState.DONE, "")
    assert {line.registration_id for line in lines} == {r.pk for r in country.people}
    assert len({(line.room_session_id, line.seat_id) for line in lines}) == 20
    assert all(line.seat.room_id == line.room_session.room_id for line in lines)


def test_the_run_keeps_its_proof_and_says_what_first_come_would_have_done(country, now):
    run = finished(country, now)
    assert run.objective == run.bound
    assert run.result["exact_gap"] == 0
    assert run.result["plan"]["by_rank"][1] == 12
    assert run.result["plan"]["total_cost"] == run.objective
    assert run.result["first_come"]["total_cost"] >= run.objective
    assert sum(line["given"] for line in run.result["centres"]) == 20


def test_a_full_place_has_a_price_and_an_empty_one_has_none(country, now):
    run = finished(country, now)
    price = {(row["centre"], row["exam_session"]): row["km"] for row in run.prices}
    morning = price[country.north.pk, country.sessions[0].pk]
    assert morning == pytest.approx(20, abs=0.2)  # the wished centre at another time: 20 km
    assert price[country.north.pk, country.sessions[1].pk] == 0


def test_the_same_inputs_and_seed_give_the_same_digest_and_lines(country, now):
    first, second = finished(country, now), finished(country, now)
    other = finished(country, now, seed=8)
    assert (first.digest, first.input_digest) == (second.digest, second.input_digest)
    assert other.input_digest == first.input_digest
    assert other.digest != first.digest
    seats = [
        list(run.lines.order_by("registration").values_list("registration", "seat"))
        for run in (first, second)
    ]
    assert seats[0] == seats[1]


def test_the_seed_is_committed_to_before_it_is_used(country, now):
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    assert run.seed_commitment == commitment_of(run.seed)
    entry = AuditEntry.objects.get(verb="allocation.start")
    assert entry.facts == {"commitment": run.seed_commitment}


def test_accepting_gives_everybody_a_confirmed_booking_and_counts_it(country, now, make_staff):
    run, by = finished(country, now), make_staff(Role.STAFF)
    assert accept_allocation(run=run, by=by, at=now) == 20
    bookings = Booking.objects.filter(allocation=run, state="confirmed")
    assert bookings.count() == 20
    for pool in SeatPool.objects.all():
        here = bookings.filter(
            room_session__room__building__centre=pool.centre,
            room_session__exam_session=pool.exam_session,
        )
        assert pool.taken == here.count()
    country.sitting.refresh_from_db()
    assert country.sitting.allocation == run
    entry = AuditEntry.objects.get(verb="allocation.accept")
    assert (entry.by, entry.facts["bookings"], entry.facts["digest"]) == (by, 20, run.digest)


def test_neighbours_hold_different_exam_forms(country, now):
    run = finished(country, now)
    form = {
        (line.room_session_id, line.seat.x, line.seat.y): line.exam_form_id
        for line in run.lines.select_related("seat")
    }
    for (room, x, y), held in form.items():
        assert form.get((room, x + 1, y)) != held
        assert form.get((room, x, y + 1)) != held


def test_a_need_is_met_by_a_place_that_serves_it(country, now):
    north_room = country.north.buildings.get().rooms.get()
    add_wheelchair_place(north_room)
    for session in country.sessions:
        open_places(country.north, session, AccessClass.WHEELCHAIR, 1)
    person = make_registration(country.sitting, access_class=AccessClass.WHEELCHAIR)
    wish(person, country.south)
    run = finished(country, now)
    line = run.lines.get(registration=person)
    assert (line.seat.kind, line.centre, line.wish_rank) == ("wheelchair", country.north, 0)
    assert not run.lines.exclude(pk=line.pk).filter(seat__kind="wheelchair").exists()


def test_whoever_must_sit_in_front_does(country, now):
    person = country.people[7]
    Need.objects.create(registration=person, kind=NeedKind.FRONT_ROW)
    assert finished(country, now).lines.get(registration=person).seat.y == 0


def test_nobody_who_needs_no_step_is_sent_upstairs(now):
    country = small_country(people=14)
    upstairs = make_room(country.north, "301", step_free=False)
    make_room_session(upstairs, country.sessions[0])
    open_places(country.north, country.sessions[0], AccessClass.STEP_FREE, 4)
    Registration.objects.filter(pk__in=[r.pk for r in country.people[:4]]).update(
        access_class=AccessClass.STEP_FREE
    )
    SeatPool.objects.filter(
        centre=country.north, exam_session=country.sessions[0], access_class="standard"
    ).update(capacity=20)
    run = finished(country, now)
    rooms = run.lines.filter(access_class=AccessClass.STEP_FREE)
    assert rooms.count() == 4
    assert not rooms.filter(room_session__room__step_free=False).exists()


def test_too_few_places_are_said_by_class_and_number_and_nothing_is_kept(now):
    country = small_country(people=50)
    with translation.override("en"):
        run = finished(country, now)
    assert run.state == RunState.FAILED
    assert "standard place: 2 too few, for 50 people there are 48" in run.error
    assert not AllocationLine.objects.exists()


def test_a_pool_larger_than_its_rooms_is_named(country, now):
    SeatPool.objects.filter(centre=country.north).update(capacity=30)
    with translation.override("en"):
        run = finished(country, now)
    assert run.state == RunState.FAILED
    assert "Centre CNX, exam session 1: 20 people" in run.error
    assert "12 such chairs" in run.error


def test_a_sitting_without_people_is_refused(now):
    country = small_country(people=0)
    assert finished(country, now).state == RunState.FAILED


def test_only_one_allocation_of_a_sitting_works_at_a_time(country, now, make_staff):
    by = make_staff(Role.STAFF)
    start_allocation(sitting=country.sitting, by=by, at=now)
    with pytest.raises(AllocationRunning):
        start_allocation(sitting=country.sitting, by=by, at=now)


def test_a_queued_run_is_not_accepted(country, now):
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    with pytest.raises(AllocationNotDone):
        accept_allocation(run=run, by=None, at=now)


def test_a_second_acceptance_is_refused_and_books_nothing(country, now):
    run, other = finished(country, now), finished(country, now, seed=8)
    accept_allocation(run=run, by=None, at=now)
    with pytest.raises(AllocationAccepted):
        accept_allocation(run=other, by=None, at=now)
    assert Booking.objects.count() == 20


def test_a_sitting_in_which_somebody_is_booked_already_is_refused(country, now):
    run = finished(country, now)
    room_session = country.sessions[1].room_sessions.first()
    make_booking(country.people[0], room_session, room_session.room.seats.first())
    with pytest.raises(SeatsBookedAlready):
        accept_allocation(run=run, by=None, at=now)


def test_nothing_is_accepted_while_wishes_are_still_taken(country, now):
    run = finished(country, now)
    with pytest.raises(WishesStillOpen):
        accept_allocation(run=run, by=None, at=country.sitting.closes_at - timedelta(seconds=1))


@pytest.mark.parametrize("change", ["withdrawn", "wish", "seat", "pool"])
def test_a_plan_of_other_inputs_is_refused(country, now, change):
    run = finished(country, now)
    if change == "withdrawn":
        Registration.objects.filter(pk=country.people[0].pk).update(state="withdrawn")
    elif change == "wish":
        country.people[0].wishes.filter(rank=1).update(exam_session=country.sessions[1])
    elif change == "seat":
        country.south.buildings.get().rooms.get().seats.filter(label="A1").update(is_usable=False)
    else:
        SeatPool.objects.filter(centre=country.south).update(capacity=11)
    with pytest.raises(InputsChanged):
        accept_allocation(run=run, by=None, at=now)
    assert not Booking.objects.exists()


def test_a_plan_somebody_has_touched_is_refused(country, now):
    run = finished(country, now)
    here, there = run.lines.order_by("room_session", "seat")[:2]
    AllocationLine.objects.filter(pk=here.pk).update(seat=there.seat)
    AllocationLine.objects.filter(pk=there.pk).update(seat=here.seat)
    with pytest.raises(ProofFails):
        accept_allocation(run=run, by=None, at=now)


def test_prices_somebody_has_touched_are_refused(country, now):
    run = finished(country, now)
    run.prices[0]["units"] += 1
    run.save()
    with pytest.raises(ProofFails):
        accept_allocation(run=run, by=None, at=now)


def test_a_run_asked_to_stop_keeps_no_line(country, now):
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    run.keep(state=RunState.RUNNING)
    ask_to_cancel(run)
    assert perform(run).state == RunState.CANCELLED
    assert not AllocationLine.objects.exists()


def test_progress_is_told_in_hundredths_and_ends_at_a_hundred(country, now):
    heard: list[tuple[int, int]] = []
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    perform(run, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (100, 100)
    assert heard == sorted(heard)


def test_loading_a_sitting_takes_the_same_queries_for_few_and_for_many(
    now, django_assert_num_queries
):
    country = small_country(people=3)
    with django_assert_num_queries(9):
        load_problem(country.sitting, Policy())
    for _ in range(9):
        wish(make_registration(country.sitting), country.south)
    with django_assert_num_queries(9):
        load_problem(country.sitting, Policy())


def test_the_policy_is_kept_with_the_run(country, now):
    policy = Policy(rank_km=(0, 10, 500), other_session_km=0)
    run = prepare_allocation(sitting=country.sitting, by=None, at=now, policy=policy)
    perform(run)
    assert run.parameters == {**asdict(policy)} | {"rank_km": run.parameters["rank_km"]}
    assert run.result["plan"]["by_centre"][1] == 20


@pytest.mark.parametrize("rule", list(Rule))
def test_the_choice_of_rule_is_kept_with_the_run_and_its_proof_is_checked_again(now, rule):
    country = small_country()
    run = prepare_allocation(
        sitting=country.sitting, by=None, at=now, seed=1, policy=Policy(rule=rule)
    )
    run = perform(run)
    assert (run.state, run.parameters["rule"]) == ("done", rule)
    assert run.bound <= run.objective
    assert accept_allocation(run=run, by=None, at=now) == 20


def test_a_plan_in_turn_with_two_people_exchanged_is_not_accepted(now):
    country = small_country()
    policy = Policy(rule=Rule.IN_TURN)
    run = perform(
        prepare_allocation(sitting=country.sitting, by=None, at=now, seed=1, policy=policy)
    )
    first = run.lines.filter(exam_session=country.sessions[0]).first()
    other = run.lines.exclude(exam_session=country.sessions[0]).first()
    places = ["centre_id", "exam_session_id", "room_session_id", "seat_id"]
    for name in places:
        mine, theirs = getattr(first, name), getattr(other, name)
        setattr(first, name, theirs)
        setattr(other, name, mine)
    AllocationLine.objects.bulk_update([first, other], places)
    with pytest.raises(ProofFails):
        accept_allocation(run=run, by=None, at=now)


def test_a_seed_sealed_before_wishes_close_is_the_seed_of_every_run(country, now):
    early = country.sitting.closes_at - timedelta(days=1)
    sealed = commit_to_seed(sitting=country.sitting, by=None, at=early)
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    assert (run.seed, run.seed_commitment) == (sealed.seed, sealed.commitment)
    assert sealed.commitment == commitment_of(sealed.seed)


def test_no_other_seed_is_taken_once_one_is_sealed(country, now):
    early = country.sitting.closes_at - timedelta(days=1)
    sealed = commit_to_seed(sitting=country.sitting, by=None, at=early)
    with pytest.raises(SeedCommitted):
        prepare_allocation(sitting=country.sitting, by=None, at=now, seed=sealed.seed + 1)
    with pytest.raises(SeedCommitted):
        commit_to_seed(sitting=country.sitting, by=None, at=early)


def test_a_seed_is_not_sealed_once_wishes_are_known(country):
    with pytest.raises(CommitmentTooLate):
        commit_to_seed(sitting=country.sitting, by=None, at=country.sitting.closes_at)


def test_whoever_asked_for_a_plan_does_not_accept_it(country, now, make_staff):
    person, other = make_staff(Role.STAFF), make_staff(Role.STAFF, username="other")
    run = perform(prepare_allocation(sitting=country.sitting, by=person, at=now, seed=1))
    with pytest.raises(SecondPersonNeeded):
        accept_allocation(run=run, by=person, at=now)
    assert accept_allocation(run=run, by=other, at=now) == 20
