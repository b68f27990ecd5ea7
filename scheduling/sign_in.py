"""Candidates sign in with their registration number and the code on their admission card."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.http import HttpRequest

from centres.common.identity import code_opens, typed_number
from centres.models import User
from scheduling.models import Candidate, Registration, RegistrationState

CHOSEN_SITTING = "sitting"  # in the session: which of several sittings a candidate looks at


class NumberAndCodeBackend(BaseBackend):
    """Finds the account of a candidate by number and code; makes it the first time.

    The account's user name is the registration number, so a candidate who has set a password may
    also sign in with number and password.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> User | None:
        code = credentials.get("code")
        if not username or not code:
            return None
        number = typed_number(username)
        registration = _registration(number)
        # The code is compared for an unknown number too, so that the answer takes the same time.
        version = _version(registration) if registration else 1
        opens = code_opens(number, version, str(code))
        if registration is None or not opens:
            return None
        if request is not None and hasattr(request, "session"):
            request.session[CHOSEN_SITTING] = registration.sitting_id
        return _account(registration)

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


def _registration(number: str) -> Registration | None:
    """The registration with the versions of its newest card and of its valid one."""
    return (
        Registration.objects.filter(number=number, state=RegistrationState.ACCEPTED)
        .select_related("candidate__user")
        .annotate(
            newest_card=Max("admission_cards__version"),
            valid_card=Max(
                "admission_cards__version", filter=Q(admission_cards__withdrawn_at=None)
            ),
        )
        .first()
    )


def _version(registration: Any) -> int:
    """Whose code opens: the valid card's, or the first one's before it is issued.

    While the newest card is withdrawn only its successor's does, which nobody has yet.
    """
    return registration.valid_card or (registration.newest_card or 0) + 1


def _names(candidate: Candidate) -> dict[str, str]:
    thai = f"{candidate.given_name_th} {candidate.family_name_th}".strip()
    english = f"{candidate.given_name_en} {candidate.family_name_en}".strip()
    return {"name_th": thai[:150], "name_en": english[:150]}


def _account(registration: Registration) -> User | None:
    candidate = registration.candidate
    if candidate.user is None:
        try:
            with transaction.atomic():
                user = User(username=registration.number, **_names(candidate))
                user.set_unusable_password()
                user.save()
                candidate.user = user
                candidate.save(update_fields=["user"])
        except IntegrityError:  # two devices at the same moment: the first one made it
            candidate.refresh_from_db()
    return candidate.user if candidate.user and candidate.user.is_active else None
