"""The signed-in person, as actions want him: a user, never an anonymous visitor."""

from django.http import HttpRequest

from centres.common.errors import NotAllowed
from centres.models import User


def person_of(request: HttpRequest) -> User:
    """The user of a request that a role has let in."""
    if not isinstance(request.user, User):
        raise NotAllowed
    return request.user
