"""The main menu: which pages a person with which roles is offered, in the order of the story."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.common.http import roles_of
from centres.models import Role


@dataclass(frozen=True)
class Entry:
    page: str
    name: Promise
    roles: frozenset[str]


@dataclass(frozen=True)
class MenuItem:
    address: str
    name: Promise
    is_here: bool


def entry(page: str, name: Promise, *roles: str) -> Entry:
    return Entry(page, name, frozenset(roles))


CANDIDATE = "candidate"
NEWCOMER = "newcomer"  # an account that is neither a candidate's nor a member of staff's
ENTRIES = (
    entry("apply_start", _("Register"), NEWCOMER),
    entry("candidate_home", _("My examination"), CANDIDATE),
    entry("result", _("My result"), CANDIDATE),
    entry("audit", _("Audit trail"), Role.AUDITOR),
    entry("sittings", _("Seats"), Role.STAFF, Role.AUDITOR),
    entry("rooms", _("My rooms"), Role.PROCTOR),
    entry("board", _("My centre"), Role.CHIEF, Role.OBSERVER),
    entry("wall", _("All centres"), Role.HEADQUARTERS),
    entry("analyses", _("Items"), Role.EXAMINER, Role.AUDITOR),
    entry("banks", _("Item bank"), Role.EXAMINER),
    entry("integrity", _("Integrity"), Role.INTEGRITY),
    entry("desk_people", _("People"), Role.STAFF, Role.HEADQUARTERS),
    entry("desk_applications", _("Applications"), Role.STAFF),
    entry("payments", _("Payments"), Role.STAFF, Role.AUDITOR),
    entry("desk_arrangements", _("Arrangements"), Role.ARRANGEMENTS),
    entry("outbox", _("Messages"), Role.STAFF, Role.HEADQUARTERS),
    entry("publications", _("Results"), Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR),
    entry("audit", _("Audit trail"), Role.HEADQUARTERS),
    entry("admin:index", _("Administration"), Role.ADMINISTRATOR),
)


def menu(request: HttpRequest) -> dict[str, list[MenuItem]]:
    """Context processor: `menu`, the pages this person may open."""
    return {"menu": menu_of(request)}


def menu_of(request: HttpRequest) -> list[MenuItem]:
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return []
    held = roles_of(request)
    if hasattr(request.user, "candidate"):
        held = held | {CANDIDATE}
    held = held or frozenset({NEWCOMER})
    offered = {reverse(item.page): item.name for item in ENTRIES if item.roles & held}
    above = [address for address in offered if request.path.startswith(address)]
    here = max(above, key=len, default="")
    return [MenuItem(address, name, address == here) for address, name in offered.items()]
