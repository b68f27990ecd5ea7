"""Questions about places and people."""

from django.db.models import Count, QuerySet

from centres.common.audit import AuditEntry
from centres.common.outbox import Letter, LetterState
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


def works_everywhere(user: User, *roles: Role) -> bool:
    """Whether a person holds one of these roles for the whole country, not one centre."""
    return StaffRole.objects.filter(user=user, role__in=roles, centre__isnull=True).exists()


def letters_found(*, state: str = "", about: str = "") -> QuerySet[Letter]:
    """Messages, newest first, narrowed by state and by a registration number."""
    letters = Letter.objects.order_by("-pk")
    if state in LetterState.values:
        letters = letters.filter(state=state)
    return letters.filter(facts__number=about) if about else letters


def letters_by_state() -> list[tuple[LetterState, int]]:
    """How many messages are in each state."""
    counted = dict(Letter.objects.order_by().values_list("state").annotate(many=Count("pk")))
    return [(state, counted.get(state.value, 0)) for state in LetterState]


def audit_entries(*, verb: str = "", target: str = "", by: str = "") -> QuerySet[AuditEntry]:
    """Audit entries, newest first, narrowed by act, by how the target begins, by user."""
    entries = AuditEntry.objects.select_related("by").order_by("-number")
    if verb:
        entries = entries.filter(verb=verb)
    if target:
        entries = entries.filter(target__startswith=target)
    return entries.filter(by__username=by) if by else entries
