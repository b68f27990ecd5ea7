"""The formulas of a workbook, reckoned by a small reader of our own, against the stored figures."""

import io
import re
from typing import Any

import numpy as np
import openpyxl
import pytest
from scipy import stats

from scoring.psychometrics import report
from scoring.psychometrics.classical import FormAnalysis, analyse
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.keying import ItemKey, Key, Rule
from scoring.psychometrics.responses import ResponseMatrix, from_strings
from scoring.reports.workbook import write_workbook

REFERENCE = re.compile(r"(?:(\w+)!)?\$?([A-Z])\$?(\d*)(?::\$?([A-Z])\$?(\d*))?(?![A-Z(\w])")


class Reckoner:
    """Reads the few functions our formulas use; a formula is evaluated when it is asked for."""

    def __init__(self, data: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(data))

    def value(self, sheet: str, cell: str) -> Any:
        found = self.book[sheet][cell].value
        if not (isinstance(found, str) and found.startswith("=")):
            return found
        text = found[1:].replace("^", "**").replace("=TRUE", "==True").replace("TRUE", "True")
        text = text.replace("FALSE", "False").replace("--(", "1.0*(")
        text = REFERENCE.sub(lambda match: f"area({match.group(0)!r})", text)
        return eval(text, {"__builtins__": {}} | FUNCTIONS | {"area": self._area(sheet)})

    def _area(self, own: str) -> Any:
        def area(text: str) -> Any:
            sheet, left, top, right, bottom = REFERENCE.fullmatch(text).groups()  # type: ignore[union-attr]
            sheet = sheet or own
            if right is None:
                return self.value(sheet, f"{left}{top}")
            assert left == right
            first, last = int(top or 1), int(bottom or self.book[sheet].max_row)
            column = [self.value(sheet, f"{left}{row}") for row in range(first, last + 1)]
            return np.array(column, object)

        return area


def sumifs(total: Any, *conditions: Any) -> float:
    kept = np.ones(len(total), bool)
    for column, wanted in zip(conditions[::2], conditions[1::2], strict=True):
        kept &= np.array([cell == wanted for cell in column])
    return float(sum(total[kept]))


FUNCTIONS = {
    "SUM": lambda cells: float(np.sum(cells)),
    "SUMPRODUCT": lambda *columns: float(np.prod(np.array(columns, float), axis=0).sum()),
    "SUMIFS": sumifs,
    "SQRT": np.sqrt,
    "MAX": max,
    "NORMSINV": stats.norm.ppf,
    "NORMDIST": lambda x, mean, sd, _whole: stats.norm.pdf(x, mean, sd),
}


def answers(people: int = 120) -> ResponseMatrix:
    random = np.random.default_rng(3)
    ability = random.standard_normal((people, 1))
    marks = np.where(random.standard_normal((people, 7)) < ability + 0.2, "A", "B")
    marks[random.random(marks.shape) < 0.05] = "-"
    return from_strings(
        ["".join(row) for row in marks], persons=range(people), items=[*"abcdef", "=1+1"],
        options="AB",
    )  # fmt: skip


def written(analysis: FormAnalysis) -> tuple[Reckoner, dict[str, Any]]:
    result = report.classical_rows(analysis, flag_items(analysis))
    result |= {"findings": report.finding_rows(analysis.findings), "made": {"program": "test"}}
    target = io.BytesIO()
    write_workbook(result, target)
    return Reckoner(target.getvalue()), result


@pytest.mark.parametrize(
    "change",
    [
        None,
        ItemKey("c", ("A", "B")),
        ItemKey("c", ("A",), Rule.EVERYONE),
        ItemKey("c", ("A",), Rule.DROPPED),
    ],
)
def test_every_formula_gives_the_figure_that_we_stored(change: ItemKey | None) -> None:
    matrix = answers()
    key = Key.single(dict.fromkeys(matrix.items, "A"))
    book, result = written(analyse(matrix, key.replace(change) if change else key))
    for at, name in enumerate(
        ("persons", "items", "mean", "sd", "alpha", "sem", "kr20", "kr21"), 2
    ):
        assert book.value("checks", f"A{at}") == name
        assert str(book.book["checks"][f"B{at}"].value).startswith("=")
        assert book.value("checks", f"B{at}") == pytest.approx(result["reliability"][name]), name
        assert book.value("checks", f"D{at}") == pytest.approx(0, abs=1e-9)
    for at, item in enumerate(result["items"], 2):
        for letter, name in (("D", "p"), ("E", "sd"), ("H", "biserial")):
            stored = item[name]
            if stored is not None and item["sd"]:
                assert book.value("items", f"{letter}{at}") == pytest.approx(stored), (name, at)
    for at, option in enumerate(result["options"], 2):
        assert book.value("options", f"E{at}") == pytest.approx(option["p"])
    for at, row in enumerate(result["scores"], 2):
        assert book.value("scores", f"D{at}") == pytest.approx(row["error"])
    assert book.value("scores", f"C{len(result['scores']) + 1}") == pytest.approx(1)


def test_an_item_named_like_a_formula_stays_text() -> None:
    matrix = answers()
    book, _result = written(analyse(matrix, Key.single(dict.fromkeys(matrix.items, "A"))))
    cell = book.book["items"]["A8"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_figures_that_do_not_exist_leave_cells_empty_and_break_no_formula() -> None:
    matrix = from_strings(["A-"], persons=[1], items="ab", options="AB")
    book, result = written(analyse(matrix, Key.single({"a": "A", "b": "A"})))
    assert result["reliability"]["alpha"] is None
    for sheet in book.book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert np.isfinite(float(book.value(sheet.title, cell.coordinate) or 0))
