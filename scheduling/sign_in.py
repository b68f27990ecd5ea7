"""Candidates sign in with their registration number and the code on their admission card."""

from typing import Any

from centres.common.identity import access_code_matches, clean_registration_number
from django.contrib.auth.backends import BaseBackend
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from centres.models import User
from scheduling.models import Registration, RegistrationState


class NumberAndCodeBackend(BaseBackend):
    """Finds the account of a candidate by registration number and code; makes it the first time."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> User | None:
        code = credentials.get("code")
        if not username or not code:
            return None
        number = clean_registration_number(username)
        registration = (
            Registration.objects.filter(number=number, state=RegistrationState.ACCEPTED)
            .select_related("candidate__user")
            .first()
        )
        # The code is compared for an unknown number too: the answer takes the same time.
        matches = access_code_matches(number, str(code))
        return self._account(registration) if registration and matches else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()

    def _account(self, registration: Registration) -> User | None:
        candidate = registration.candidate
        if candidate.user is None:
            try:
                with transaction.atomic():
                    user = User(username=f"candidate-{candidate.pk}")
                    user.set_unusable_password()
                    user.save()
                    candidate.user = user
                    candidate.save(update_fields=["user"])
            except IntegrityError:  # two devices signed in at the same moment: the first made it
                candidate.refresh_from_db()
        return candidate.user if candidate.user and candidate.user.is_active else None
