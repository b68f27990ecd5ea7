"""Why this centre? Facts a candidate can check against the published prices."""

import pytest

from centres.common.runs import perform
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.arrays import Policy
from scheduling.models import RefusedSession, Rule, SeatPool
from scheduling.studies import reason_for
from tests.scheduling.small_country import small_country, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def country(now):
    """Twenty people want the north in the morning, where twelve can sit."""
    made = small_country()
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=1))
    accept_allocation(run=run, by=None, at=now)
    made.sitting.refresh_from_db()
    for registration in made.people:
        registration.refresh_from_db()
    return made


def seated(country, session):
    lines = country.sitting.allocation.lines.filter(exam_session=session)
    held = set(lines.values_list("registration_id", flat=True))
    return [r for r in country.people if r.pk in held]


def test_whoever_got_his_first_wish_is_told_it_was_the_easiest(country):
    why = reason_for(seated(country, country.sessions[0])[0])
    assert (why.centre, why.wish_rank, why.has_easiest) == (country.north, 1, True)


def test_whoever_did_not_is_told_what_it_would_have_cost_others(country):
    why = reason_for(seated(country, country.sessions[1])[0])
    assert (why.centre, why.exam_session, why.has_easiest) == (
        country.north,
        country.sessions[1],
        False,
    )
    (easier,) = why.easier
    assert (easier.centre, easier.exam_session, easier.wish_rank) == (
        country.north,
        country.sessions[0],
        1,
    )
    assert easier.gain_km == pytest.approx(20)
    assert easier.price_km >= easier.gain_km - 0.1
    assert why.cost_km == pytest.approx(why.distance_km + 20)


def test_every_gain_is_at_most_its_price(country):
    for registration in country.people:
        for easier in reason_for(registration).easier:
            assert easier.gain_km <= easier.price_km + 0.1


def test_whoever_has_moved_is_told_nothing_about_the_seat_he_left(country):
    registration = country.people[0]
    registration.bookings.update(state="moved")
    assert reason_for(registration) is None


def test_without_an_accepted_plan_there_is_no_reason(now):
    made = small_country(people=1)
    assert reason_for(made.people[0]) is None


def test_a_reason_takes_the_same_queries_for_anybody(country, django_assert_num_queries):
    for registration in country.people[::10]:
        with django_assert_num_queries(12):
            reason_for(registration)


def reasons_by(made, now, **policy):
    """Everybody's reason in an accepted plan of this policy, by registration key."""
    run = prepare_allocation(sitting=made.sitting, by=None, at=now, seed=1, policy=Policy(**policy))
    assert perform(run).state == "done", run.error
    accept_allocation(run=run, by=None, at=now)
    found = {}
    for registration in made.people:
        registration.refresh_from_db()
        found[registration.pk] = reason_for(registration)
    return found


def test_in_turn_a_place_is_kept_for_whoever_can_sit_nowhere_else_and_it_is_said(now):
    """Fourteen cannot come to the second session, and the first has fourteen places."""
    made = small_country()
    bound, free = made.people[:14], made.people[14:]
    for registration in bound:
        RefusedSession.objects.create(registration=registration, exam_session=made.sessions[1])
    SeatPool.objects.filter(centre=made.south, exam_session=made.sessions[0]).update(capacity=2)
    why = reasons_by(made, now, rule=Rule.IN_TURN)
    assert {why[person.pk].exam_session for person in bound} == {made.sessions[0]}
    assert {why[person.pk].exam_session for person in free} == {made.sessions[1]}
    for person in free:
        easier = why[person.pk].easier[0]
        assert (easier.centre, easier.exam_session) == (made.north, made.sessions[0])
        assert easier.was_kept == (easier.closed_at_lot > why[person.pk].lot)
    lots = [sorted(why[person.pk].lot for person in some) for some in (bound, free)]
    if lots[1][0] < lots[0][11]:  # but for one draw in a thousand
        assert any(why[person.pk].easier[0].was_kept for person in free)


def test_longest_first_a_wish_beyond_what_anybody_goes_is_said_to_be_too_far(now):
    made = small_country()
    far = made.people[0]
    far.wishes.all().delete()
    wish(far, made.south)
    why = reasons_by(made, now, rule=Rule.LONGEST_FIRST, rank_km=(0, 40, 90, 3000))
    assert why[far.pk].centre == made.north
    easier = why[far.pk].easier[0]
    assert (easier.centre, easier.is_too_far) == (made.south, True)
    assert easier.distance_km > 1000 > why[far.pk].reach_km >= why[far.pk].distance_km
    for person in made.people[1:]:
        assert not any(place.is_too_far for place in why[person.pk].easier)
