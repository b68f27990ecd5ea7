"""The audit trail: numbered, append-only, each entry linked to the one before by its hash."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from centres.models import User

GENESIS = "0" * 64


class AuditEntry(models.Model):
    """Who did what to what, when and why. The database refuses to change or remove one."""

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("at"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    verb = models.CharField(_("act"), max_length=60, db_index=True)
    target = models.CharField(_("target"), max_length=120, db_index=True)
    facts = models.JSONField(_("facts"), default=dict, encoder=DjangoJSONEncoder)
    previous = models.CharField(_("previous hash"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        app_label = "centres"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} {self.verb} {self.target}"

    def expected_hash(self) -> str:
        """The hash this entry must have, from what it says."""
        said = [
            self.number,
            self.at.isoformat(),
            self.by_id,
            self.verb,
            self.target,
            self.facts,
            self.previous,
        ]
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class AuditHead(models.Model):
    """The one row that says where the chain ends; locking it orders the entries."""

    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        app_label = "centres"

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"


def record(
    verb: str, *, target: models.Model | str, by: "User | None", at: datetime, **facts: Any
) -> AuditEntry:
    """Append one entry. Call it last in the action's transaction: it holds the chain's lock.

    Facts must be JSON and must never hold an identity number or anything about health.
    """
    label = target if isinstance(target, str) else f"{target._meta.label_lower}:{target.pk}"
    return record_many([Said(verb, label, by.pk if by else None, facts)], at=at)[0]


class Said(NamedTuple):
    """What one entry of a group says; `target` is written as `app.model:key`."""

    verb: str
    target: str
    by: int | None
    facts: dict[str, Any]


def record_many(said: Sequence[Said], *, at: datetime) -> list[AuditEntry]:
    """Append entries of one moment under one lock of the chain, in the order given.

    Call it last in the transaction. This is how acts that are committed together are recorded:
    each has its own entry.
    """
    if not said:
        return []
    with transaction.atomic():
        head, _made = AuditHead.objects.select_for_update().get_or_create(pk=1)
        entries = []
        for one in said:
            entry = _following(head, one, at.astimezone(tz=UTC))
            head.number, head.hash = entry.number, entry.hash
            entries.append(entry)
        AuditEntry.objects.bulk_create(entries)
        head.save()
    return entries


def _following(head: AuditHead, said: Said, at: datetime) -> AuditEntry:
    # Stored and hashed in one form: what JSON and the database give back.
    plain = json.loads(json.dumps(said.facts, cls=DjangoJSONEncoder))
    entry = AuditEntry(
        number=head.number + 1,
        at=at,
        by_id=said.by,
        verb=said.verb,
        target=said.target,
        facts=plain,
        previous=head.hash,
    )
    entry.hash = entry.expected_hash()
    return entry


def head() -> AuditEntry | None:
    """The newest entry: publish its hash, and nobody can rewrite what came before it."""
    return AuditEntry.objects.order_by("-number").first()


def first_broken(entries: Iterable[AuditEntry] | None = None) -> AuditEntry | None:
    """Walk the whole chain; return the first entry that does not fit, or None when it is whole."""
    previous, expected = GENESIS, 1
    stored = entries if entries is not None else AuditEntry.objects.order_by("number").iterator()
    for entry in stored:
        fits = entry.number == expected and entry.previous == previous
        if not fits or entry.hash != entry.expected_hash():
            return entry
        previous, expected = entry.hash, expected + 1
    return None
