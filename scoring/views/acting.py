"""What pages that decide something share: who may, what came of it, and rows by the page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, QueryDict

from centres.common.errors import DomainError
from centres.models import Role
from scheduling.queries.allocations import works_everywhere
from scoring.views.person import person_of

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)
PER_PAGE = 25


def may_act(request: HttpRequest) -> bool:
    """Whether this person may decide, and not only read."""
    return works_everywhere(person_of(request), Role.STAFF)


def acted(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Do one thing and say what came of it, or why it was refused."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)


def pages_of(found: Any, query: QueryDict, per_page: int = PER_PAGE) -> Any:
    """One page of rows; the rest of the address stays as it is."""
    page = Paginator(found, per_page).get_page(query.get("page", "1"))
    kept = query.copy()
    kept.pop("page", None)
    page.kept = kept.urlencode()  # type: ignore[attr-defined]
    page.near = page.paginator.get_elided_page_range(page.number)  # type: ignore[attr-defined]
    return page
