"""Questions about places and people."""

from django.db.models import QuerySet

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
