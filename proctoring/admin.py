"""The tables of the exam day, to read and never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from proctoring.models import Attendance, Device, Incident, RoomEvent, RoomHead


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing is added, changed or removed here: the ledger alone writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RoomEvent)
class RoomEventAdmin(ReadOnly):
    list_display = ("room_session_id", "seq", "type", "role", "hash")
    list_filter = ("type", "role")
    ordering = ("-id",)


@admin.register(RoomHead)
class RoomHeadAdmin(ReadOnly):
    list_display = ("room_session_id", "seq", "phase", "expected", "absent", "submitted")
    list_filter = ("phase",)


@admin.register(Attendance)
class AttendanceAdmin(ReadOnly):
    list_display = ("booking_id", "room_session_id", "seat", "state")
    list_filter = ("state",)


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ("event_id", "room_session_id", "kind", "is_open")
    list_filter = ("kind", "is_open")


@admin.register(Device)
class DeviceAdmin(ReadOnly):
    list_display = ("key", "user", "first_seen_at", "revoked_at")
