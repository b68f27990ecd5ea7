"""The tables of the exam day, to read and never to change: the ledger alone writes."""

from centres.admin import ReadOnly
from proctoring.models import Attendance, Device, Incident, RoomEvent, RoomHead


class RoomEventAdmin(ReadOnly):
    list_display = ["room_session_id", "seq", "type", "role", "hash"]
    list_filter = ["type", "role"]
    show_full_result_count = False
    ordering = ["-id"]


class RoomHeadAdmin(ReadOnly):
    list_display = ["room_session_id", "seq", "phase", "expected", "absent", "submitted"]
    list_filter = ["phase"]


class AttendanceAdmin(ReadOnly):
    list_display = ["booking_id", "room_session_id", "seat", "state"]
    list_filter = ["state"]
    show_full_result_count = False


class IncidentAdmin(ReadOnly):
    list_display = ["event_id", "room_session_id", "kind", "is_open"]
    list_filter = ["kind", "is_open"]


class DeviceAdmin(ReadOnly):
    list_display = ["key", "user", "first_seen_at", "revoked_at"]


ADMINS = {
    RoomEvent: RoomEventAdmin,
    RoomHead: RoomHeadAdmin,
    Attendance: AttendanceAdmin,
    Incident: IncidentAdmin,
    Device: DeviceAdmin,
}
