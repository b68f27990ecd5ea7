"""Give a person a role; make the account where there is none."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from centres.actions import assign_role, set_password
from centres.models import Centre, Role, User

LOCAL = (Role.PROCTOR, Role.CHIEF)


class Command(BaseCommand):
    help = "Give a person a role, at one centre or everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=[str(role) for role in Role])
        parser.add_argument("--centre", help="its code, for whoever works at one centre")

    def handle(self, *, username: str, role: str, centre: str | None, **options: Any) -> None:
        place = _centre(role, centre)
        user, made = User.objects.get_or_create(username=username)
        if made:
            self._ask_for_password(user)
        assign_role(user=user, role=Role(role), centre=place, by=None, at=timezone.now())
        where = f"at {place.code}" if place else "everywhere"
        self.stdout.write(f"{username} is {role} {where}.")

    def _ask_for_password(self, user: User) -> None:
        password = getpass.getpass(f"Password for {user.username}: ")
        try:
            validate_password(password, user)
        except ValidationError as fault:
            user.delete()
            raise CommandError(" ".join(fault.messages)) from None
        set_password(user=user, password=password, at=timezone.now())


def _centre(role: str, code: str | None) -> Centre | None:
    if role not in LOCAL and not (role == Role.OBSERVER and code):
        return None
    try:
        return Centre.objects.get(code=code)
    except Centre.DoesNotExist:
        known = ", ".join(Centre.objects.values_list("code", flat=True)) or "none yet"
        raise CommandError(
            f"A {role} belongs to a centre: --centre CODE. Known: {known}."
        ) from None
