from datetime import timedelta

import pytest

from centres.common.audit import first_broken
from centres.models import Centre, Role, Room, Seat, StaffRole, User
from config.demo.country import SESSIONS, build_country, plan_sessions
from config.demo.crews import found_crews, give_duties
from config.demo.founding import found_exam, found_places, found_sitting, found_staff, open_once
from scheduling.models import Duty, RoomSession, SeatPool, Sitting
from tests.factories import NOW

SIZE = 300


@pytest.fixture
def sitting(db: None) -> Sitting:
    """A sitting with all the country's rooms open in it; founded twice, as after a stop."""
    for _again in range(2):
        found_places(build_country(SIZE), at=NOW)
        found_staff(at=NOW)
        found_crews(seed=1, at=NOW)
        sitting = found_sitting(
            found_exam(), "1/2570", plan_sessions(NOW.date()),
            opens_at=NOW - timedelta(days=9), closes_at=NOW - timedelta(days=8),
        )  # fmt: skip
        open_once(sitting, Room.objects.all(), by=None, at=NOW)
        give_duties(sitting, at=NOW)
    return sitting


def test_founding_twice_founds_once(sitting: Sitting) -> None:
    country = build_country(SIZE)
    assert Centre.objects.count() == 16
    assert Room.objects.count() == country.rooms
    assert Seat.objects.filter(is_usable=True).count() == country.seats
    assert RoomSession.objects.count() == country.rooms * SESSIONS
    assert first_broken() is None


def test_places_of_all_classes_add_up_to_the_usable_chairs(sitting: Sitting) -> None:
    for session in sitting.exam_sessions.all():
        pools = SeatPool.objects.filter(exam_session=session)
        assert sum(pool.capacity for pool in pools) == build_country(SIZE).seats
        for centre in Centre.objects.all():
            kinds = dict(pools.filter(centre=centre).values_list("access_class", "capacity"))
            assert all(kinds[kind] > 0 for kind in ("standard", "step_free", "wheelchair"))
            assert kinds["separate"] > 0


def test_every_room_session_has_a_head_and_a_second_proctor_of_its_own_centre(
    sitting: Sitting,
) -> None:
    duties = Duty.objects.select_related("proctor", "room_session__room__building")
    assert duties.count() == 2 * RoomSession.objects.count()
    assert duties.filter(is_head=True).count() == RoomSession.objects.count()
    for duty in duties:
        assert duty.proctor.centre_id == duty.room_session.room.building.centre_id


def test_every_centre_has_a_chief_and_nobody_invented_can_sign_in_but_the_visitor(
    sitting: Sitting,
) -> None:
    chiefs = StaffRole.objects.filter(role=Role.CHIEF)
    assert sorted(chiefs.values_list("centre__code", flat=True)) == sorted(
        Centre.objects.values_list("code", flat=True)
    )
    can = {user.username for user in User.objects.all() if user.has_usable_password()}
    assert can == {
        "proctor", "proctor2", "chief", "headquarters", "observer", "examiner", "examiner2",
        "integrity", "integrity2", "staff", "staff2", "care", "auditor", "admin",
    }  # fmt: skip
