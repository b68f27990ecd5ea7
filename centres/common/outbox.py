"""Letters to people: written with the act they tell of, sent after it is stored.

`write` adds rows in the caller's transaction, so a letter exists exactly when its act does. A
process of its own calls `send_due`; a letter whose sending was cut off in the middle is never sent
again by itself, because it may have arrived: a person decides. What a letter says is made from its
facts when it is sent; codes are not among them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from centres.common.audit import record
from centres.common.contact import Channel, masked
from centres.common.errors import DomainError

if TYPE_CHECKING:
    from centres.models import User

logger = logging.getLogger("sanamsob.outbox")

WAITS = [timedelta(seconds=s) for s in (30, 120, 600, 3600, 4 * 3600)]
CUT_OFF = timedelta(minutes=5)  # a letter in the middle of sending for longer than this


class LetterState(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")
    UNSURE = "unsure", _("perhaps sent")


class Letter(models.Model):
    """One message to one person on one channel. `wording` names the function that says it."""

    key = models.CharField(_("key"), max_length=120, unique=True)
    wording = models.CharField(_("message"), max_length=120)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    to = models.CharField(_("to"), max_length=254)
    language = models.CharField(_("language"), max_length=2)
    facts = models.JSONField(_("facts"), default=dict, encoder=DjangoJSONEncoder)
    about = models.CharField(_("about"), max_length=120, db_index=True)
    state = models.CharField(
        _("state"), max_length=8, choices=LetterState.choices, default=LetterState.WAITING
    )
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    made_at = models.DateTimeField(_("written at"))
    due_at = models.DateTimeField(_("to be sent at"))
    ended_at = models.DateTimeField(_("sent or given up at"), null=True)

    class Meta:
        app_label = "centres"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="letters_to_send",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def to_masked(self) -> str:
        return masked(self.to)


class Delivery(models.Model):
    """One try at sending a letter, and what came of it. Append-only."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="deliveries")
    at = models.DateTimeField(_("at"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=LetterState.choices)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        app_label = "centres"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.letter_id} {self.outcome}"


class LetterNotWaiting(DomainError):
    code = "letter_not_waiting"
    sentence = _("This message was sent, or is on its way. Only a failed one can be sent again.")


# --- writing -----------------------------------------------------------------------------------


def write(letters: Iterable[Letter]) -> None:
    """Put letters into the outbox, in the caller's transaction. A key that is there stays once."""
    Letter.objects.bulk_create(letters, ignore_conflicts=True, batch_size=80)


@dataclass(frozen=True)
class Said:
    """What a letter says in one language."""

    subject: str
    text: str


def said_by(letter: Letter, language: str) -> Said:
    """The words of a letter. Its wording is a function of the facts, called in that language."""
    wording: Callable[..., tuple[str, str]] = import_string(letter.wording)
    with translation.override(language):
        subject, text = wording(**letter.facts)
        return Said(str(subject), str(text))


def send_again(*, letter: Letter, by: "User", at: datetime) -> None:
    """A person decides that a failed or doubtful letter is tried once more."""
    with transaction.atomic():
        found = Letter.objects.select_for_update().get(pk=letter.pk)
        if found.state not in (LetterState.FAILED, LetterState.UNSURE):
            raise LetterNotWaiting
        found.state, found.due_at, found.tries, found.ended_at = LetterState.WAITING, at, 0, None
        found.save(update_fields=["state", "due_at", "tries", "ended_at"])
        record("send_letter_again", target=found, by=by, at=at)


# --- sending -----------------------------------------------------------------------------------


def send_due(*, at: datetime, most: int = 50) -> int:
    """Send what is due, at most so many; how many were tried. Several processes may call this."""
    set_aside_cut_off(at=at)
    claimed = _claim(at, most)
    tried = [(letter, *_attempt(letter)) for letter in claimed]
    if tried:
        _keep(tried, at)
    return len(tried)


def set_aside_cut_off(*, at: datetime) -> int:
    """Letters whose sender died in the middle may have arrived: they wait for a person."""
    with transaction.atomic():
        cut = list(
            Letter.objects.select_for_update().filter(
                state=LetterState.SENDING, due_at__lte=at - CUT_OFF
            )
        )
        detail = "the sender stopped in the middle"
        _keep([(letter, LetterState.UNSURE, detail) for letter in cut], at)
    return len(cut)


def _claim(at: datetime, most: int) -> list[Letter]:
    """Mark letters as being sent before anything leaves, so that no two processes take one."""
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        waiting = Letter.objects.select_for_update(skip_locked=skip).filter(
            state=LetterState.WAITING, due_at__lte=at
        )
        letters = list(waiting.order_by("due_at", "pk")[:most])
        Letter.objects.filter(pk__in=[letter.pk for letter in letters]).update(
            state=LetterState.SENDING, due_at=at
        )
    return letters


def _attempt(letter: Letter) -> tuple[LetterState, str]:
    try:
        return LetterState.SENT, _channels[letter.channel](letter)[:300]
    except Exception as fault:  # a gateway may fail in any way; the letter is tried again
        logger.warning("letter %s: %s", letter.pk, type(fault).__name__)
        return LetterState.FAILED, f"{type(fault).__name__}: {fault}"[:300]


def _keep(tried: Sequence[tuple[Letter, LetterState, str]], at: datetime) -> None:
    """Store what came of each try; a failed one waits longer each time, then is given up."""
    with transaction.atomic():
        for letter, outcome, _detail in tried:
            letter.state, letter.tries, letter.ended_at = outcome, letter.tries + 1, at
            if outcome == LetterState.FAILED and letter.tries <= len(WAITS):
                letter.state, letter.ended_at = LetterState.WAITING, None
                letter.due_at = at + WAITS[letter.tries - 1]
        Letter.objects.bulk_update(
            [letter for letter, *_rest in tried], ["state", "tries", "due_at", "ended_at"]
        )
        Delivery.objects.bulk_create(
            Delivery(letter=letter, at=at, outcome=outcome, detail=detail)
            for letter, outcome, detail in tried
        )


def _send_email(letter: Letter) -> str:
    """The reader's language first, the other below it: an e-mail may be read by a helper."""
    first, second = letter.language, "en" if letter.language == "th" else "th"
    own, other = said_by(letter, first), said_by(letter, second)
    EmailMessage(
        subject=own.subject,
        body=f"{own.text}\n\n—\n\n{other.subject}\n\n{other.text}\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers={"Message-ID": f"<letter-{letter.pk}@{settings.OUTBOX_DOMAIN}>"},
        connection=get_connection(),
    ).send()
    return "handed to the mail server"


def _send_sms(letter: Letter) -> str:
    gateway: Any = import_string(settings.SMS_GATEWAY)
    text = said_by(letter, letter.language).text
    return str(gateway(to=letter.to, text=text, key=f"letter-{letter.pk}"))


_channels: dict[str, Callable[[Letter], str]] = {
    Channel.EMAIL: _send_email,
    Channel.SMS: _send_sms,
}


def sms_to_file(*, to: str, text: str, key: str) -> str:
    """The gateway of a machine that has none: one line for each SMS in DATA_DIR/outbox/sms.txt.

    A real gateway is any function with these arguments, named in SMS_GATEWAY. It returns the
    provider's receipt and raises when the SMS was not taken; `key` is the same for every retry.
    """
    folder = settings.DATA_DIR / "outbox"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sms.txt").open("a", encoding="utf-8") as file:
        file.write(f"{key}\t{to}\t{' '.join(text.split())}\n")
    return "written to outbox/sms.txt"
