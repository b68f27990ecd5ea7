"""The administrator's site: only our own tables, only for administrators with a second factor."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

import centres.admin
import proctoring.admin
import scheduling.admin
import scoring.admin
from centres.common.http import roles_of
from centres.models import Role


class ExamAdminSite(AdminSite):
    site_header = site_title = _("Sanamsob administration")
    index_title = _("Places, people and papers")

    def has_permission(self, request: HttpRequest) -> bool:
        verified = request.user.is_authenticated and request.user.is_verified()  # type: ignore[attr-defined]
        return bool(verified) and Role.ADMINISTRATOR in roles_of(request)


site = ExamAdminSite()
for app in (centres.admin, scheduling.admin, proctoring.admin, scoring.admin):
    for model, model_admin in app.ADMINS.items():
        site.register(model, model_admin)
