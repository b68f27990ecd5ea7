"""An analysis as a workbook whose figures are formulas: anyone can see what each rests on.

What can be reckoned from counts is reckoned in the sheet, from the counts in the sheet; what needs
every answer (correlations, models) is a number. `checks` sets the formulas beside our own figures.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Formula:
    """A cell that a spreadsheet program reckons itself."""

    text: str


def write_workbook(result: Result, target: Path | io.BytesIO) -> None:
    """Write every part of an analysis that there is: one sheet each, headings frozen."""
    book = Workbook(write_only=True)
    _sheet(book, "checks", ("figure", "formula", "stored", "difference"), _checks(result))
    _sheet(book, "items", ITEM_COLUMNS, _items(result))
    _sheet(book, "options", OPTION_COLUMNS, _options(result))
    _sheet(book, "scores", ("raw", "people", "share_at_or_below", "error"), _scores(result))
    _sheet(book, "flags", ("item", "flag", "severity", "suggested_key", "evidence"), _flags(result))
    for name in (
        "parts",
        "groups",
        "dif",
        "fit",
        "pairs",
        "neighbours",
        "persons",
        "decisions",
        "remarks",
        "findings",
    ):
        rows = result.get(name) or ()
        rows = rows["parts"] if isinstance(rows, Mapping) else rows
        if rows:
            _plain(book, name, rows)
    if result.get("irt"):
        _plain(book, "irt", result["irt"]["items"])
    _sheet(book, "about", ("name", "value"), _about(result))
    book.save(target)


def _sheet(book: Any, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "B2"
    for place, heading in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = max(12, len(heading) + 2)
    sheet.append([_cell(sheet, heading, bold=True) for heading in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _plain(book: Any, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    header = list(dict.fromkeys(key for row in rows for key in row))
    _sheet(book, name, header, [[row.get(key) for key in header] for row in rows])


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    """Text is text whatever it begins with; only what we call a formula is one."""
    if isinstance(value, Formula):
        return WriteOnlyCell(sheet, value.text)
    if isinstance(value, list | tuple | dict):
        value = ", ".join(map(str, value))
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, None)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


# --- counts and what follows from them ----------------------------------------------------------

ITEM_COLUMNS: Final = (
    "item", "n", "right", "p", "sd", "item_total", "item_rest", "biserial", "upper_lower",
    "alpha_if_deleted", "omitted", "not_reached", "counted", "maximum", "flags",
)  # fmt: skip
OPTION_COLUMNS: Final = (
    "item", "option", "is_key", "n", "p", "option_total", "option_rest", "mean_total",
    "low", "mid", "high",
)  # fmt: skip


def _items(result: Result) -> list[list[Any]]:
    """Right answers are counted from the sheet of options; p, SD and biserial follow from them."""
    counts = _count_by_item(result)
    return [_item(row, number, counts) for number, row in enumerate(result["items"], start=2)]


def _item(row: Mapping[str, Any], at: int, counts: Mapping[str, int]) -> list[Any]:
    plain = row["item"] in counts and counts[row["item"]] == _right_of(row)
    right = f"=SUMIFS(options!D:D,options!A:A,A{at},options!C:C,TRUE)"
    spread = f"=N{at}*SQRT(D{at}*(1-D{at})*B{at}/(B{at}-1))"
    normal = f"=G{at}*SQRT(D{at}*(1-D{at}))/NORMDIST(NORMSINV(D{at}),0,1,FALSE)"
    binary = plain and row["biserial"] is not None
    return [
        row["item"],
        row["n"],
        Formula(right) if plain else None,
        Formula(f"=C{at}/B{at}") if plain and row["n"] else row["p"],
        Formula(spread) if plain and row["sd"] is not None else row["sd"],
        row["item_total"],
        row["item_rest"],
        Formula(normal) if binary else row["biserial"],
        row["upper_lower"],
        row["alpha_if_deleted"],
        row["omitted"],
        row["not_reached"],
        row["counted"],
        row["maximum"],
        row["flags"],
    ]


def _count_by_item(result: Result) -> dict[str, int]:
    counts: dict[str, int] = {}
    for option in result["options"]:
        if option["is_key"]:
            counts[option["item"]] = counts.get(option["item"], 0) + option["n"]
    return counts


def _right_of(row: Mapping[str, Any]) -> int | None:
    """How many earned the item's mark; where everyone got it, that is not the keyed options."""
    return None if row["p"] is None else round(row["p"] * row["n"])


def _options(result: Result) -> list[list[Any]]:
    rows = []
    for at, option in enumerate(result["options"], start=2):
        share = Formula(f"=D{at}/SUMIFS(D:D,A:A,A{at})")
        row = [option[name] for name in OPTION_COLUMNS]
        row[OPTION_COLUMNS.index("p")] = share if option["p"] is not None else None
        rows.append(row)
    return rows


def _scores(result: Result) -> list[list[Any]]:
    """The error at a score is Lord's with Keats's factor, reckoned from KR-20 and KR-21."""
    rows = result["scores"]
    last = len(rows) + 1
    items = sum(1 for row in result["items"] if row["counted"])
    shrink = "SQRT(MAX(1-checks!$B$8,0)/(1-checks!$B$9))"
    kept = result["reliability"]["kr20"] is not None and result["reliability"]["kr21"] is not None
    found = []
    for at, row in enumerate(rows, start=2):
        lord = f"=SQRT(A{at}*({items}-A{at})/({items}-1))*{shrink}"
        formula = row["error"] is not None and kept and items > 1
        error = Formula(lord) if formula else row["error"]
        share = Formula(f"=SUM(B$2:B{at})/SUM(B$2:B${last})")
        found.append([row["raw"], row["people"], share, error])
    return found


def _checks(result: Result) -> list[list[Any]]:
    """The whole form from the sheets `scores` and `items`, beside what we stored."""
    form = result["reliability"]
    last, end = len(result["scores"]) + 1, len(result["items"]) + 1
    raw, people = f"scores!A2:A{last}", f"scores!B2:B{last}"
    spread, counted = f"items!E2:E{end}", f"items!M2:M{end}"
    formulas = {
        "persons": f"=SUM({people})",
        "items": f"=SUMPRODUCT(--({counted}=TRUE))",
        "mean": f"=SUMPRODUCT({raw},{people})/B2",
        "sd": f"=SQRT((SUMPRODUCT({raw},{raw},{people})-B2*B4^2)/(B2-1))",
        "alpha": f"=B3/(B3-1)*(1-SUMPRODUCT(--({counted}=TRUE),{spread},{spread})/B5^2)",
        "sem": "=B5*SQRT(1-B6)",
        "kr20": "=B6",
        "kr21": "=B3/(B3-1)*(1-B4*(B3-B4)/(B3*B5^2*(B2-1)/B2))",
    }
    rows: list[list[Any]] = []
    for at, (name, formula) in enumerate(formulas.items(), start=2):
        reckoned = form["complete"] and form.get(name) is not None
        rows.append([
            name,
            Formula(formula) if reckoned else form.get(name),
            form.get(name),
            Formula(f"=B{at}-C{at}") if reckoned else None,
        ])  # fmt: skip
    shown = {*formulas, "complete"}
    return rows + [[name, None, value, None] for name, value in form.items() if name not in shown]


def _flags(result: Result) -> list[list[Any]]:
    return [
        [
            flag["item"],
            flag["flag"],
            flag["severity"],
            flag["suggested_key"],
            ", ".join(f"{name} {value}" for name, value in flag["evidence"].items()),
        ]
        for flag in result["flags"]
    ]


def _about(result: Result) -> list[list[Any]]:
    sentence = _(
        "Cells of checks, items, options and scores are formulas where counts are enough. The"
        " column difference must be zero."
    )
    return [["", sentence], *([name, value] for name, value in result["made"].items())]
