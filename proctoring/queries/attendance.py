"""What became of the people who were expected: for scoring, and for whoever must count."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from proctoring.live.seat import FINAL
from proctoring.live.seat import STATES as SEAT_STATES
from proctoring.models import Attendance, Incident
from scheduling.models import Booking, BookingState, Sitting

CAME = tuple(state for state in SEAT_STATES if state not in ("expected", "absent", "refused"))


@dataclass(frozen=True)
class AttendanceCount:
    """People of a sitting by state; `unknown` have a booking and no ledger yet."""

    states: dict[str, int]
    booked: int

    @property
    def unknown(self) -> int:
        return self.booked - sum(self.states.values())

    @property
    def present(self) -> int:
        return sum(count for state, count in self.states.items() if state in CAME)

    @property
    def absent(self) -> int:
        return self.states.get("absent", 0)

    @property
    def unsettled(self) -> int:
        """People whose day has not ended: nothing may be published while there are any."""
        return sum(n for state, n in self.states.items() if state not in FINAL)


def attendance_of(sitting: Sitting) -> QuerySet[Attendance]:
    """The attendance of every booking of a sitting."""
    return Attendance.objects.filter(room_session__exam_session__sitting=sitting)


def attendance_counts(sitting: Sitting) -> AttendanceCount:
    """How many people of a sitting are in which state."""
    rows = attendance_of(sitting).values_list("state").annotate(n=Count("pk"))
    booked = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    ).count()
    return AttendanceCount(dict(rows), booked)


def incidents_of(sitting: Sitting) -> QuerySet[Incident]:
    """Every incident of a sitting, in order of time."""
    return Incident.objects.filter(room_session__exam_session__sitting=sitting).order_by(
        "opened_at", "event_id"
    )
