"""What letters about an account say: functions of their facts, in the active language."""

from django.utils.translation import gettext as _

from centres.actions import digits_of
from centres.models import OneTimeCode


def one_time_code(*, number: int) -> tuple[str, str]:
    """The digits are made here, at the moment of sending; the outbox does not hold them."""
    row = OneTimeCode.objects.get(pk=number)
    text = _(
        "Sanamsob: your code is %(digits)s. It is good for ten minutes. Nobody of the examination "
        "will ever ask you for it."
    )
    return _("Your one-time code"), text % {"digits": digits_of(row)}


def account_exists() -> tuple[str, str]:
    text = _(
        "Sanamsob: somebody, perhaps you, wanted to make an account with this address. You have "
        "one already: sign in with it, or choose a new password there. If it was not you, do "
        "nothing."
    )
    return _("You have an account already"), text
