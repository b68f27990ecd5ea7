"""Questions about places and people."""

from django.db.models import QuerySet

from centres.common.audit import AuditEntry
from centres.models import Centre, Role, StaffRole, User


def centres_of(user: User, *roles: Role) -> QuerySet[Centre]:
    """The centres where a person holds one of these roles; a role without one is everywhere."""
    held = StaffRole.objects.filter(user=user, role__in=roles)
    if held.filter(centre__isnull=True).exists():
        return Centre.objects.all()
    return Centre.objects.filter(pk__in=held.values("centre"))


def has_role(user: User, *roles: Role) -> bool:
    """Whether a person holds one of these roles anywhere."""
    return StaffRole.objects.filter(user=user, role__in=roles).exists()


def audit_entries(*, verb: str = "", target: str = "", by: str = "") -> QuerySet[AuditEntry]:
    """Audit entries, newest first, narrowed by act, by how the target begins, by user."""
    entries = AuditEntry.objects.select_related("by").order_by("-number")
    if verb:
        entries = entries.filter(verb=verb)
    if target:
        entries = entries.filter(target__startswith=target)
    return entries.filter(by__username=by) if by else entries
