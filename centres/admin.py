"""What the administrator may edit of places and people; what he may only read."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from centres.common.audit import AuditEntry, record
from centres.models import Building, Centre, Room, Seat, StaffRole, User


class Edited(admin.ModelAdmin[Model]):
    """Rows an administrator edits by hand. Each change is in the audit trail; none is deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        verb, by = "edit_by_hand" if change else "add_by_hand", request.user
        assert isinstance(by, User)
        record(verb, target=obj, by=by, at=timezone.now(), fields=form.changed_data)


class ReadOnly(Edited):
    """Rows that only actions write: shown, never changed here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CentreAdmin(Edited):
    list_display = ["code", "name_th", "name_en", "province"]


class BuildingAdmin(Edited):
    list_display = ["centre", "code", "name_th", "has_lift"]
    list_filter = ["centre"]
    list_select_related = ["centre"]


class RoomAdmin(Edited):
    list_display = ["building", "code", "floor", "step_free", "is_open"]
    list_filter = ["building__centre"]
    list_select_related = ["building"]


class SeatAdmin(Edited):
    list_display = ["room", "label", "kind", "is_usable"]
    list_filter = ["kind", "is_usable", "room__building__centre"]
    list_select_related = ["room"]
    raw_id_fields = ["room"]


class UserAdmin(Edited):
    list_display = ["username", "name_th", "is_active"]
    search_fields = ["username", "name_th", "name_en"]
    fields = ["username", "name_th", "name_en", "email", "is_active"]


class StaffRoleAdmin(Edited):
    list_display = ["user", "role", "centre"]
    list_filter = ["role", "centre"]
    list_select_related = ["user", "centre"]
    raw_id_fields = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        assert isinstance(request.user, User)
        record("take_role", target=obj, by=request.user, at=timezone.now(), role=str(obj))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


class AuditEntryAdmin(ReadOnly):
    list_display = ["number", "at", "by", "verb", "target"]
    list_filter = ["verb"]
    search_fields = ["target"]
    list_select_related = ["by"]


ADMINS = {
    Centre: CentreAdmin,
    Building: BuildingAdmin,
    Room: RoomAdmin,
    Seat: SeatAdmin,
    User: UserAdmin,
    StaffRole: StaffRoleAdmin,
    AuditEntry: AuditEntryAdmin,
}
