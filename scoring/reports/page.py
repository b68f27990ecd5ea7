"""An analysis as one page of HTML that needs nothing beside it: no network, no script, no fonts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from scoring.queries.items import FlagView, flag_views
from scoring.reports.drawings import curves_of, histogram, line
from scoring.reports.words import SEVERITIES, finding_words
from scoring.views.charts import BIG, Curve

STYLE: Final = Path(__file__).parent / "page.css"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class ItemCard:
    """One item of the report: its figures, its options, their curves."""

    number: int
    row: Row
    flags: list[FlagView]
    told: list[Row]
    options: list[Row]
    curves: list[Curve]
    model: Row | None
    groups: list[tuple[int, float]]

    @property
    def key(self) -> str:
        return "/".join(option["option"] for option in self.options if option["is_key"])


def page_of(result: Row) -> str:
    """The whole page, in the language in force."""
    test = result["reliability"]
    cards = _cards(result)
    errors = [row["error"] for row in result["scores"]]
    known = [error for error in errors if error is not None]
    context = {
        "language": get_language() or "en",
        "style": STYLE.read_text("utf-8"),
        "heading": _heading(result),
        "test": test,
        "made": result["made"],
        "cards": cards,
        "shown": sorted(cards, key=lambda card: not card.flags),
        "levels": [(level, BIG.y(level)) for level in (0, 25, 50, 75, 100)],
        "alarms": [
            (card, flag) for card in cards for flag in card.told if flag["severity"] == "alarm"
        ],
        "distribution": histogram([row["people"] for row in result["scores"]]),
        "scores": result["scores"],
        "error": line(errors, max(known)) if known and max(known) > 0 else None,
        "speed": result.get("speed"),
        "parts": result.get("parts"),
        "groups": result.get("groups"),
        "irt": result.get("irt"),
        "form_fit": result.get("form_fit"),
        "dif": result.get("dif"),
        "pairs": result.get("pairs"),
        "neighbours": result.get("neighbours"),
        "side_by_side": result.get("side_by_side"),
        "findings": [row | {"said": finding_words(row["finding"])} for row in result["findings"]],
    }
    return render_to_string("scoring/report/page.html", context)


def _heading(result: Row) -> str:
    alarms = len({flag["item"] for flag in result["flags"] if flag["severity"] == "alarm"})
    if alarms:
        sentence = ngettext(
            "The key of %(count)d item is in doubt",
            "The keys of %(count)d items are in doubt",
            alarms,
        )
        return sentence % {"count": alarms}
    flagged = len({flag["item"] for flag in result["flags"]})
    if flagged:
        sentence = ngettext(
            "No key is in doubt; %(count)d item is worth a look",
            "No key is in doubt; %(count)d items are worth a look",
            flagged,
        )
        return sentence % {"count": flagged}
    return _("Nothing stands out")


def _cards(result: Row) -> list[ItemCard]:
    options: dict[str, list[Row]] = {}
    for option in result["options"]:
        options.setdefault(option["item"], []).append(option)
    shares: dict[str, dict[str, Any]] = {}
    for curve in result.get("curves", ()):
        shares.setdefault(curve["item"], {})[curve["option"]] = curve["share"]
    told: dict[str, list[Row]] = {}
    for flag in result["flags"]:
        said = SEVERITIES.get(flag["severity"], flag["severity"])
        told.setdefault(flag["item"], []).append(flag | {"said": said})
    model = {row["item"]: row for row in (result.get("irt") or {}).get("items", ())}
    return [
        _card(number, row, options.get(row["item"], []), shares.get(row["item"], {}), told, model)
        for number, row in enumerate(result["items"], start=1)
    ]


def _card(
    number: int,
    row: Row,
    options: list[Row],
    shares: Mapping[str, Any],
    told: Mapping[str, list[Row]],
    model: Mapping[str, Row],
) -> ItemCard:
    count = max((len(share) for share in shares.values()), default=0)
    return ItemCard(
        number=number,
        row=row,
        flags=flag_views(row["flags"]),
        told=told.get(row["item"], []),
        options=options,
        curves=curves_of(options, shares) if count > 1 else [],
        model=model.get(row["item"]),
        groups=[(place + 1, BIG.x(place, count)) for place in range(count)],
    )
