"""Who asks: a signed-in person whose role is for the whole country, as results are."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from centres.common.errors import NotAllowed
from centres.common.http import View, role_required
from centres.models import Role, User
from scheduling.queries.allocations import works_everywhere


def person_of(request: HttpRequest) -> User:
    """The user of a request that a role has let in."""
    if not isinstance(request.user, User):
        raise NotAllowed
    return request.user


def nationwide(*roles: Role) -> Callable[[View], View]:
    """Only these roles, and only where they are held for all centres: scores know no centre."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not works_everywhere(person_of(request), *roles):
                raise NotAllowed
            return view(request, *args, **kwargs)

        return role_required(*roles)(checked)

    return decorate
