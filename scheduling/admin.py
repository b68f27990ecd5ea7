"""Papers and sittings are edited by hand; what candidates and runs made is only read."""

from centres.admin import Edited, ReadOnly
from scheduling.models import (
    AllocationRun,
    Booking,
    Exam,
    ExamForm,
    ExamSession,
    Paper,
    Proctor,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
)


class SittingAdmin(Edited):
    list_display = ["code", "name_th", "opens_at", "closes_at", "is_rehearsal"]
    readonly_fields = ["allocation"]


class ExamSessionAdmin(Edited):
    list_display = ["sitting", "number", "starts_at", "ends_at"]
    list_select_related = ["sitting"]


class RoomSessionAdmin(ReadOnly):
    list_display = ["room", "exam_session"]
    list_select_related = ["room", "exam_session"]


class RegistrationAdmin(ReadOnly):
    list_display = ["number", "sitting", "state", "access_class", "registered_at"]
    list_filter = ["sitting", "state"]
    list_select_related = ["sitting"]
    search_fields = ["=number"]
    exclude = ["candidate", "home_latitude", "home_longitude"]


class BookingAdmin(ReadOnly):
    list_display = ["registration", "room_session", "seat", "state", "made_at"]
    list_filter = ["state"]
    list_select_related = ["registration", "room_session", "seat"]
    search_fields = ["=registration__number"]


ADMINS = {
    Exam: Edited,
    Paper: Edited,
    ExamForm: Edited,
    Sitting: SittingAdmin,
    ExamSession: ExamSessionAdmin,
    Proctor: Edited,
    RoomSession: RoomSessionAdmin,
    SeatPool: ReadOnly,
    Registration: RegistrationAdmin,
    Booking: BookingAdmin,
    AllocationRun: ReadOnly,
}
