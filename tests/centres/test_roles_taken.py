"""Roles taken away in the administration, one or many, are each in the audit trail."""

from collections.abc import Callable

import pytest
from django.test import Client

from centres.common.audit import AuditEntry
from centres.models import Role, StaffRole, User
from tests.factories import make_centre

pytestmark = pytest.mark.django_db


def test_many_roles_taken_at_once_are_each_recorded(
    make_staff: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    admin, centre = make_staff(Role.ADMINISTRATOR), make_centre()
    for name in ("a", "b", "c"):
        make_staff(Role.PROCTOR, centre, name)
    asked = StaffRole.objects.filter(role=Role.PROCTOR)
    chosen = {"action": "delete_selected", "_selected_action": [role.pk for role in asked]}
    sign_in(admin).post("/admin/centres/staffrole/", {**chosen, "post": "yes"})
    assert not asked.all().exists()
    taken = AuditEntry.objects.filter(verb="take_role")
    assert [entry.by for entry in taken] == [admin] * 3
    assert len({entry.target for entry in taken}) == 3
