"""An analysis as a PDF that a lawyer can read: what was done, what was found, what was decided."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from centres.common.pdf import typeset
from centres.templatetags.exam_text import moment
from scoring.models import AnalysisRun
from scoring.queries.items import flag_views
from scoring.queries.published import decisions_about
from scoring.reports.drawings import curves_of
from scoring.reports.words import finding_words
from scoring.templatetags.figures import mark_name, places, scientific, thousands
from scoring.views.charts import BIG, Curve

TEMPLATE: Final = Path(__file__).parents[1] / "templates" / "scoring" / "print" / "analysis.typ"
PAINT: Final = {
    "c1": "#1d3f7a",
    "c2": "#a3142d",
    "c3": "#1c673c",
    "c4": "#7a4a00",
    "c5": "#5a3a8c",
}
DASHES: Final = {"": "none", "d2": "7 4", "d3": "2 3", "d4": "9 3 2 3"}
Row = Mapping[str, Any]


def report_pdf(run: AnalysisRun, result: Row, at: datetime) -> bytes:
    """The report of one analysis, in the reader's language."""
    test = result["reliability"]
    said: dict[str, Any] = {
        "language": (get_language() or "th")[:2],
        "brand": _("Sanamsob"),
        "title": _("Item analysis of exam form %(form)s") % {"form": run.form.code},
        "exam": f"{run.sitting.exam.name}, {run.sitting.name} · {run.form.paper.name}",
        "printed": _("Printed %(moment)s") % {"moment": moment(at)},
        "summary": _summary(result, test),
        "made": _made(run),
        "figures": _figures(test),
        "flagged": [_flagged(row, result) for row in result["items"] if row["flags"]],
        "decisions": [_decided(one) for one in decisions_about(run)],
        "items": [_item(row) for row in result["items"]],
        "findings": [
            f"{row['subject'] + ': ' if row['subject'] else ''}{finding_words(row['finding'])}"
            for row in result["findings"]
        ],
        "words": _words(),
    }
    return typeset(TEMPLATE, said)


def _summary(result: Row, test: Row) -> list[str]:
    """What a reader must know, in sentences."""
    alarms = sorted({flag["item"] for flag in result["flags"] if flag["severity"] == "alarm"})
    flagged = len({flag["item"] for flag in result["flags"]})
    said = {
        "people": thousands(test["persons"]),
        "items": thousands(test["items"]),
        "alpha": places(test["alpha"], 3),
        "sem": places(test["sem"], 2),
        "flagged": flagged,
    }
    sentences = [
        _("%(people)s answer sheets were scored on %(items)s items that count.") % said,
        _(
            "The reliability of the score is %(alpha)s (1 would be perfect); a person's score would"
            " lie within about %(sem)s raw points of itself in two of three repetitions."
        )
        % said,
        _("%(flagged)s items carry a flag: a reason to look, not a fault proved.") % said,
    ]
    if alarms:
        listed = ", ".join(alarms)
        sentences.append(_("The key is in doubt beyond chance in: %(items)s.") % {"items": listed})
    else:
        sentences.append(_("No key is in doubt beyond chance."))
    return sentences


def _made(run: AnalysisRun) -> list[list[str]]:
    by = run.started_by.shown_name if run.started_by else "–"
    return [
        [_("Analysis"), f"#{run.pk}, {moment(run.finished_at)}, {by}"],
        [_("Key"), f"{run.key_version.number}: {run.key_version.reason}"],
        [_("Digest of the key"), run.key_version.digest],
        [_("Digest of answers and key"), run.input_digest],
        [_("Digest of everyone's raw score"), run.digest],
    ]


def _figures(test: Row) -> list[list[str]]:
    interval = f"{places(test['alpha_low'], 3)}–{places(test['alpha_high'], 3)}"
    return [
        [pgettext("who sat", "People"), thousands(test["persons"])],
        [_("Items that count"), thousands(test["items"])],
        [_("Mean raw score, SD"), f"{places(test['mean'], 2)} · {places(test['sd'], 2)}"],
        [_("Reliability α"), f"{places(test['alpha'], 4)} ({interval})"],
        [_("One common factor ω"), places(test["omega"], 4)],
        ["KR-20 · KR-21", f"{places(test['kr20'], 4)} · {places(test['kr21'], 4)}"],
        [_("Error of measurement"), places(test["sem"], 3)],
    ]


def _item(row: Row) -> list[str]:
    return [
        str(row["place"]),
        row["item"],
        row["key"],
        places(row["p"], 3),
        places(row["item_rest"], 3),
        places(row["biserial"], 3),
        places(row["upper_lower"], 3),
        places(row["alpha_if_deleted"], 4),
        ", ".join(str(view.name) for view in flag_views(row["flags"])),
    ]


def _flagged(row: Row, result: Row) -> dict[str, Any]:
    """One flagged item: its options, its curves as a drawing, and what its flags say."""
    options = [option for option in result["options"] if option["item"] == row["item"]]
    shares = {
        curve["option"]: curve["share"]
        for curve in result["curves"]
        if curve["item"] == row["item"]
    }
    told = [_told(flag) for flag in result["flags"] if flag["item"] == row["item"]]
    return {
        "name": row["item"],
        "flags": ", ".join(str(view.name) for view in flag_views(row["flags"])),
        "facts": f"p {places(row['p'], 3)} · r {places(row['item_rest'], 3)}",
        "told": [sentence for sentence in told if sentence],
        "options": [
            [
                f"{mark_name(option['option'])}{' ●' if option['is_key'] else ''}",
                thousands(option["n"]),
                places(100 * option["p"], 1) if option["p"] is not None else "–",
                places(option["option_rest"], 3),
                places(option["mean_total"], 1),
            ]
            for option in options
        ],
        "curves": _svg(curves_of(options, shares)),
    }


def _told(flag: Row) -> str:
    evidence = flag["evidence"]
    if flag["suggested_key"] is None or evidence.get("option_rest") is None:
        return ""
    return _(
        "Those who choose %(option)s do better on the other items (r %(own)s) than those who choose"
        " the key (r %(key)s); p %(p)s."
    ) % {
        "option": flag["suggested_key"],
        "own": places(evidence["option_rest"], 3),
        "key": places(evidence["key_rest"], 3),
        "p": scientific(evidence.get("p_value")),
    }


def _svg(curves: list[Curve]) -> str:
    """Option curves as a picture of their own: who chose what, from the weakest to the best."""
    grid = "".join(
        f'<path d="M46 {BIG.y(level)}H346" stroke="#d3cdbf" fill="none"/>'
        f'<text x="40" y="{BIG.y(level) + 4}" text-anchor="end">{level}</text>'
        for level in (0, 50, 100)
    )
    lines = "".join(
        f'<path d="{curve.path}" fill="none" stroke="{PAINT[curve.colour]}"'
        f' stroke-width="{4 if curve.is_key else 2}" stroke-dasharray="{DASHES[curve.dash]}"/>'
        f'<text x="356" y="{curve.label_y}" font-weight="{700 if curve.is_key else 400}">'
        f"{curve.label if len(curve.label) == 1 else '–'}{' ●' if curve.is_key else ''}</text>"
        for curve in curves
        if curve.path
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 262" width="400" height="262"'
        f' font-family="Sarabun" font-size="14" fill="#18212d">{grid}{lines}</svg>'
    )


def _decided(one: Any) -> list[str]:
    """One decision as a paragraph of names, reasons and consequences."""
    signed = (
        f"{one.signed_by.shown_name}, {moment(one.signed_at)}: “{one.sign_reason}”"
        if one.signed_by
        else _("sent back")
        if one.withdrawn_at
        else _("waits for a second signature")
    )
    effect = ""
    if one.effects:
        said = {"up": thousands(one.effects.get("up")), "down": thousands(one.effects.get("down"))}
        effect = _("%(up)s more would pass, %(down)s fewer.") % said
    kind = f"{one.get_kind_display()} {one.shown_value}".strip()
    proposed = f"{one.proposed_by.shown_name}, {moment(one.proposed_at)}: “{one.reason}”"
    return [one.form_item.item.code, kind, proposed, str(signed), effect]


def _words() -> dict[str, str]:
    return {
        "found": _("What was found"),
        "made": _("What it was made from"),
        "figures": _("The whole test"),
        "flagged": _("Items to look at"),
        "decisions": _("What two people decided"),
        "none": _("nothing"),
        "items": _("All items"),
        "data": _("About the data"),
        "option": _("Option"),
        "people": pgettext("who sat", "People"),
        "rest": _("r, option-rest"),
        "mean": _("Mean raw score"),
        "place": _("Place"),
        "item": _("Item"),
        "key": _("Key"),
        "biserial": _("biserial"),
        "gap": _("upper–lower"),
        "alpha": _("α without it"),
        "flags": _("Flags"),
        "decision": _("Decision"),
        "proposed": _("Proposed by"),
        "signed": _("Signed by"),
        "effect": _("Effect shown"),
        "curves": _("% choosing each option, weakest to best; thick: the key"),
        "how": _(
            "p is the share right. r tells whether those who do well on the rest of the test do"
            " well on the item: below 0 it works against them. A second person, with the stored"
            " answers and the key named here, must come to the same digests."
        ),
        "page": _("Page"),
        "of": _("of"),
    }
