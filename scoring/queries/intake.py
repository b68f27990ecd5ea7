"""Whether the answer sheets of a sitting are settled: readings, lines, rooms, signatures."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from scheduling.models import Sitting
from scoring.models import (
    AnswerSheet,
    ExceptionKind,
    IntakeSignature,
    MissingSheet,
    ResponseException,
    SignedMatter,
)
from scoring.queries.people import Sitter, sitters
from scoring.queries.readings import Readings, readings
from scoring.queries.responses import Reconciliation, reconciliation


def missing_people(sitting: Sitting, people: list[Sitter] | None = None) -> list[Sitter]:
    """Who was present and has no sheet, whether or not it was explained."""
    people = sitters(sitting) if people is None else people
    handed = set(
        AnswerSheet.objects.filter(registration__sitting=sitting).values_list(
            "registration_id", "form__paper_id"
        )
    )
    return [
        who for who in people if who.present and (who.registration_id, who.paper_id) not in handed
    ]


def explained(sitting: Sitting) -> dict[tuple[int, int], MissingSheet]:
    """What was found out about missing sheets, by registration and paper."""
    found = MissingSheet.objects.filter(registration__sitting=sitting).select_related("by")
    return {(one.registration_id, one.paper_id): one for one in found}


def waiting_by_kind(sitting: Sitting) -> list[tuple[str, str, int]]:
    """Kinds of exceptions with how many wait, those that are there first in the order of kinds."""
    rows = (
        ResponseException.objects.filter(file__sitting=sitting, resolution="")
        .values_list("kind")
        .annotate(n=Count("pk"))
    )
    counts = dict(rows)
    return [(kind.value, str(kind.label), counts.get(kind.value, 0)) for kind in ExceptionKind]


def signatures_of(sitting: Sitting) -> QuerySet[IntakeSignature]:
    """Everything two people signed for, or one began to, the newest first."""
    return IntakeSignature.objects.filter(sitting=sitting).select_related("first_by", "second_by")


@dataclass(frozen=True)
class Settlement:
    """What of the answer sheets is settled. `lines`: exceptions that wait."""

    sheets: Reconciliation
    read: Readings
    unexplained: int
    balance_signed: bool
    reading_signed: bool

    @property
    def lines(self) -> int:
        return self.sheets.waiting

    @property
    def balance_left(self) -> int:
        """People without a sheet or sheets without a person that nobody answers for."""
        return 0 if self.balance_signed else len(self.sheets.open_registrations)

    @property
    def readings_left(self) -> int:
        """Differences that wait, and sheets read once that nobody answers for."""
        return self.read.waiting + (0 if self.reading_signed else self.read.once)

    @property
    def left(self) -> int:
        return self.lines + self.unexplained + self.balance_left + self.readings_left

    @property
    def problems(self) -> list[str]:
        """What is left, in words."""
        told = (
            (self.lines, _("lines that no person has decided")),
            (self.unexplained, _("people without a sheet and without an explanation")),
            (self.balance_left, _("sheets and people that do not balance and nobody signed for")),
            (self.readings_left, _("sheets not read twice and equal")),
        )
        return [f"{what}: {count:,}" for count, what in told if count]


def settlement(sitting: Sitting, people: list[Sitter] | None = None) -> Settlement:
    """Whether everything about the answer sheets of a sitting is equal, balanced or signed for."""
    people = sitters(sitting) if people is None else people
    sheets, read = reconciliation(sitting, people), readings(sitting)
    known = explained(sitting)
    lost = missing_people(sitting, people)
    unexplained = sum((who.registration_id, who.paper_id) not in known for who in lost)
    signed = {
        (one.matter, one.digest)
        for one in signatures_of(sitting).filter(withdrawn_at=None, second_at__isnull=False)
    }
    balance, reading = balance_figures(sheets), reading_figures(read)
    return Settlement(
        sheets=sheets,
        read=read,
        unexplained=unexplained,
        balance_signed=(SignedMatter.BALANCE, matter_digest(balance)) in signed,
        reading_signed=(SignedMatter.READING, matter_digest(reading)) in signed,
    )


# --- what is signed for ---------------------------------------------------------------------------


def balance_figures(sheets: Reconciliation) -> dict[str, Any]:
    """The figures of a balance that does not close; empty where it does."""
    if not sheets.open_registrations:
        return {}
    return {
        "booked": sheets.booked,
        "present": sheets.present,
        "absent": sheets.absent,
        "sheets": sheets.sheets,
        "without_sheet": sorted(sheets.missing_registrations),
        "without_presence": sorted(sheets.extra_registrations),
    }


def reading_figures(read: Readings) -> dict[str, Any]:
    """The sheets that were read once; empty where there are none."""
    if not read.once:
        return {}
    return {"twice": read.twice, "once": read.once, "which": read.digest}


def open_figures(sitting: Sitting, matter: SignedMatter) -> dict[str, Any]:
    """What two people may sign for in one matter; empty where everything closes."""
    if matter == SignedMatter.BALANCE:
        return balance_figures(reconciliation(sitting))
    return reading_figures(readings(sitting))


def matter_digest(figures: dict[str, Any]) -> str:
    """SHA-256 of figures in their one spelling: a signature holds for these and no others."""
    text = json.dumps(figures, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
