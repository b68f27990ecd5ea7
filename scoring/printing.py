"""The evidence of a case on paper and as a workbook: for people to weigh, never a verdict."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from centres.common.pdf import typeset
from centres.common.sheets import write_xlsx
from centres.templatetags.exam_text import grouped, moment
from scoring.models import AlikePair, IntegrityCase
from scoring.queries.integrity import File, Sitter, Standing, seats_of
from scoring.templatetags.figures import (
    NOTHING,
    places,
    power_of_ten,
    scientific,
    sheet_mark,
    times,
)

TEMPLATES = Path(__file__).parent / "templates" / "scoring" / "print"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def evidence_pdf(case: IntegrityCase, file: File, standing: Standing, at: datetime) -> bytes:
    """The file of a case as it is at this moment, in the reader's language."""
    pair = file.pair
    said: dict[str, Any] = {
        "language": (get_language() or "th")[:2],
        "brand": _("Sanamsob"),
        "title": _("Evidence of case %(number)s") % {"number": case.pk},
        "exam": f"{case.sitting.exam.name}, {case.sitting.name} · {pair.run.paper.name}",
        "warning": _("Evidence for people to weigh. It proves nothing by itself."),
        "people": [_person(sitter) for sitter in file.sitters],
        "facts": facts_of(file),
        "plan": [
            {"x": chair.x, "y": chair.y, "taken": chair.is_taken, "place": chair.place}
            for chair in seats_of(pair)
        ],
        "wrong": [
            [str(same.position), same.item, same.key, same.answer, _percent(same.share)]
            for same in file.same_wrong
        ],
        "incidents": [
            [incident.room_session.room.code, incident.get_kind_display(), incident.note]
            for incident in file.incidents
        ],
        "entries": [
            [
                str(entry.number),
                moment(entry.at),
                entry.by.shown_name,
                " · ".join(filter(None, [entry.get_kind_display(), entry.get_outcome_display()])),
                entry.text,
            ]
            for entry in standing.entries
        ],
        "words": _words(),
        "printed": _("Printed %(moment)s") % {"moment": moment(at)},
    }
    return typeset(TEMPLATES / "evidence.typ", said)


def _words() -> dict[str, str]:
    return {
        "people": _("The two people"),
        "name": _("Name"),
        "identity": _("Identity number"),
        "number": _("Registration number"),
        "seat": _("Seat"),
        "right": _("Right"),
        "wrong": _("Wrong"),
        "omitted": _("Left out"),
        "figures": _("What was seen and what was expected"),
        "plan": _("The room from above, its front on top; 1 and 2 are the two people"),
        "legend": _("Filled: the two. Outlined: others who sat there. Dashed: empty."),
        "same": _("The same wrong answers"),
        "place": _("Place"),
        "item": _("Item"),
        "key": _("Key"),
        "answer": _("Answer of both"),
        "share": _("% of everybody"),
        "incidents": _("What was noted in the room"),
        "entries": _("What people said and did"),
        "none": _("nothing"),
        "page": _("Page"),
        "of": _("of"),
        "read": _(
            "Two who sit in one class with one teacher agree more than strangers do. Hear both"
            " before anything is decided."
        ),
    }


def _person(sitter: Sitter) -> list[str]:
    candidate = sitter.registration.candidate
    seat = ", ".join(filter(None, [sitter.centre, sitter.room, sitter.seat]))
    numbers = grouped(sitter.registration.number), candidate.identity_masked
    counts = [str(count) for count in (sitter.right, sitter.wrong, sitter.omitted)]
    return [str(candidate), *numbers, seat, *counts]


def facts_of(file: File) -> list[list[str]]:
    """What is known of a pair, name and figure."""
    pair = file.pair
    return [
        [_("Equal answers"), _count(pair.matches, pair.expected)],
        [_("Equal wrong answers"), _count(pair.wrong_matches, pair.expected_wrong)],
        [_("Answered by both"), str(pair.items)],
        [_("Omega, standard deviations"), places(pair.omega, 2)],
        [_("Chance of so many equal answers"), power_of_ten(pair.log10_gbt)],
        [_("Chance, right and wrong apart"), power_of_ten(pair.log10_m4)],
        [_("After correction for all pairs looked at"), scientific(pair.adjusted)],
        [_("Pairs looked at"), f"{pair.run.result['looked_at']:,}"],
        [_("Seats apart"), places(pair.distance, 1)],
        *_beside(pair),
        [_("Same institution"), _("yes") if file.same_institution else _("no")],
        [_("Comparison"), f"#{pair.run_id} {pair.run.digest[:16]}"],
    ]


def _beside(pair: AlikePair) -> list[list[str]]:
    """Of a pair listed because it sat side by side: the evidence, and how little it says alone."""
    if pair.log10_factor is None:
        return []
    told = pair.run.result
    listed = {
        "listed": f"{told['alike']:,}",
        "pairs": f"{told['looked_at']:,}",
        "chance": places(told["by_chance"], 1),
    }
    return [
        [_("Times likelier if half or more was copied"), times(pair.log10_factor)],
        [_("Share of pairs of other rooms as alike"), scientific(pair.strangers_alike)],
        [
            _("Listed because they sat side by side"),
            _(
                "%(listed)s of %(pairs)s pairs side by side are listed;"
                " about %(chance)s would be if all worked alone."
            )
            % listed,
        ],
    ]


def _count(seen: int, expected: float) -> str:
    said = {"seen": seen, "expected": places(expected, 1)}
    return _("%(seen)s; expected of two who work alone: %(expected)s") % said


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share * 100:.1f}"


def evidence_xlsx(case: IntegrityCase, file: File, standing: Standing, at: datetime) -> bytes:
    """Every answer of the two side by side, below the figures of the pair."""
    first, second = (sitter.registration.number for sitter in file.sitters)
    header = [_("Place"), _("Item"), _("Key"), first, second, _("Equal"), _("Right")]
    rows: list[list[Any]] = [
        [position, item, key, _mark(one), _mark(other), one == other, one in key.split("/")]
        for position, item, key, one, other in file.answers
    ]
    facts: list[list[Any]] = [[], *([name, value] for name, value in facts_of(file))]
    told = [_("Case"), f"#{case.pk}, {moment(at)}, {len(standing.entries)}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.xlsx"
        write_xlsx(path, header, [*rows, *facts, told])
        return path.read_bytes()


def _mark(mark: str) -> str:
    return str(sheet_mark(mark))
