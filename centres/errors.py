"""What can be refused about accounts, each with a sentence that says what to do."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError


class CodeWrong(DomainError):
    code = "code_wrong"
    status = 422
    sentence = _("These are not the digits we sent. Compare them with the newest message.")


class CodeEnded(DomainError):
    code = "code_ended"
    status = 422
    sentence = _(
        "This code is no longer good: it was used, or its time is over. Ask for a new one."
    )


class TooManyCodes(DomainError):
    code = "too_many_codes"
    status = 429
    sentence = _(
        "Several codes were sent to this address within the hour. Look into the messages, also "
        "among the unwanted ones, or come back in an hour."
    )


class AddressTaken(DomainError):
    code = "address_taken"
    sentence = _("This address belongs to an account already. Sign in with it, or use another one.")


class LastContact(DomainError):
    code = "last_contact"
    sentence = _(
        "This is the only address of your account; without it you could not come in. Add another "
        "one first."
    )
