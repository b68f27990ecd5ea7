"""A broken rule, as a sentence: what happened, where, what to do."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule of the examination refused what was asked. Subclasses name the rule.

    `sentence` is translatable and may hold %(name)s places, filled from the keyword facts.
    `status` is the HTTP answer; `code` is what a machine reads.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    sentence: ClassVar[str | Promise] = _("This cannot be done.")

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.sentence) % self.facts if self.facts else str(self.sentence)


class NotAllowed(DomainError):
    """The person is signed in but has no role for this."""

    code = "not_allowed"
    status = 403
    sentence = _(
        "Your role does not open this page. If it should, ask your centre chief or headquarters."
    )


class NotForCandidates(NotAllowed):
    """A page of those who work at the examination, asked for by somebody who does not."""

    sentence = _(
        "This page is for people who work at the examination. Yours are one button away: your "
        "seat, your card, your result."
    )


class OnlyForCandidates(NotAllowed):
    """A page of candidates, asked for by somebody who is registered for nothing."""

    sentence = _(
        "This page is for candidates, and this account is not registered for a sitting. Register "
        "first, or join it to the number and code you were given."
    )


class NotYours(DomainError):
    """The row exists, but in another centre or for another person."""

    code = "not_yours"
    status = 404
    sentence = _("There is no such page for you. Check the address, or go back to your own pages.")
