"""Gates before a publication that ask whether sheets, keys and scores can be trusted."""

from dataclasses import dataclass

from django.db.models import F, Q
from django.utils.translation import gettext as _

from centres.common.runs import RunState
from scoring.models import (
    KeyVersion,
    ReadingDifference,
    ResponseException,
    ResponseFile,
    ScalingRun,
    SecondScoring,
)
from scoring.queries.intake import Settlement


@dataclass(frozen=True)
class Gate:
    """One condition of a publication: what it asks, the figures, and how much is left."""

    code: str
    name: str
    detail: str
    left: int

    @property
    def passed(self) -> bool:
        return self.left == 0


def sheets_gate(settled: Settlement) -> Gate:
    """Sheets equal people, or two people answer for what does not."""
    sheets = settled.sheets
    detail = _(
        "%(sheets)s sheets; %(present)s present, %(extra)s taken by decision, %(missing)s missing"
    )
    figures = {
        "sheets": f"{sheets.sheets:,}",
        "present": f"{sheets.present:,}",
        "extra": f"{len(sheets.extra_registrations):,}",
        "missing": f"{len(sheets.missing_registrations):,}",
    }
    left = settled.balance_left + settled.unexplained
    return Gate("sheets", _("Sheets equal the people present"), detail % figures, left)


def exceptions_gate(settled: Settlement) -> Gate:
    """Every line of every file is decided."""
    detail = _("%(left)s lines wait for a named person") % {"left": f"{settled.lines:,}"}
    return Gate("exceptions", _("Every line of every file is decided"), detail, settled.lines)


def readings_gate(settled: Settlement) -> Gate:
    """Every sheet was read twice and equal, settled, or signed for."""
    read = settled.read
    figures = {
        "twice": f"{read.twice:,}",
        "once": f"{read.once:,}",
        "electronic": f"{read.electronic:,}",
        "waiting": f"{read.waiting:,}",
    }
    detail = _(
        "%(twice)s read twice, %(once)s once, %(electronic)s electronic; %(waiting)s differences"
        " wait"
    )
    name = _("Every sheet was read twice, or is signed for")
    return Gate("readings", name, detail % figures, settled.readings_left)


def keys_gate(scaling: ScalingRun) -> Gate:
    """Every key behind the scores was entered, or changed, by two people."""
    keys = KeyVersion.objects.filter(analysis_runs__in=scaling.analyses.all())
    alone = [
        f"{key.form.code} v{key.number}"
        for key in keys.filter(Q(signed_by=None) | Q(signed_by=F("by"))).select_related("form")
    ]
    detail = ", ".join(alone) or _("each was entered or signed by two")
    return Gate("keys", _("Every key is the work of two people"), detail, len(alone))


def last_second_scoring(scaling: ScalingRun) -> SecondScoring | None:
    """The newest finished second scoring of these very scores."""
    done = SecondScoring.objects.filter(scaling=scaling, state=RunState.DONE)
    return done.filter(input_digest=scaling.digest).order_by("-pk").first()


def second_gate(scaling: ScalingRun) -> Gate:
    """The second scoring agrees on everybody."""
    name = _("A second scoring agrees on everyone")
    found = last_second_scoring(scaling)
    if found is None:
        return Gate("second", name, _("nobody was scored a second time yet"), 1)
    figures = {"people": f"{found.people:,}", "differ": f"{found.disagreements:,}"}
    detail = _("%(people)s sheets scored again; %(differ)s people differ") % figures
    return Gate("second", name, detail, found.disagreements)


def changed_since(scaling: ScalingRun) -> int:
    """Files, lines and differences that came in or were decided after a scaling was begun."""
    sitting, since = scaling.sitting_id, scaling.created_at
    return (
        ResponseFile.objects.filter(sitting=sitting, at__gt=since).count()
        + ResponseException.objects.filter(file__sitting=sitting, resolved_at__gt=since).count()
        + ReadingDifference.objects.filter(file__sitting=sitting, resolved_at__gt=since).count()
    )
