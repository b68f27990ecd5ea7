"""Records of fixed width: every sheet as many characters, each field at its columns.

One record may be cut into several rows of equal length. Columns in a fault count within the row.
"""

from typing import Final

from scoring.intake.decoding import decoded
from scoring.intake.layout import Layout, blank_means
from scoring.intake.lines import (
    BLANK,
    MARKS,
    IntakeFault,
    Line,
    Plans,
    ReadFile,
    check_field,
    every_option,
    joined,
    settle_blanks,
)

END_OF_FILE: Final = "\x1a"  # old systems close a file with it


def read_fixed(content: bytes, plans: Plans, layout: Layout) -> ReadFile:
    """Read records of fixed width. A row of another length refuses the file, with its column."""
    text, encoding = decoded(content, layout.encoding)
    _check_width(plans, layout)
    rows = text.rstrip("\r\n" + END_OF_FILE).replace("\r\n", "\n").split("\n")
    marks = _mark_table(plans, layout)
    lines = []
    for start in range(layout.skip, len(rows), layout.lines):
        some = rows[start : start + layout.lines]
        _check_rows(some, start + 1, layout)
        lines.append(_sheet("".join(some), start + 1, layout, marks, plans))
    if not lines:
        raise IntakeFault("empty")
    columns = {name: str(some[0][0]) for name, some in layout.fields.items()}
    return ReadFile(lines, "fixed", encoding, columns)


def _check_width(plans: Plans, layout: Layout) -> None:
    widths = {len(plan.items) for plan in plans.values()}
    if layout.answers_width not in widths:
        raise IntakeFault(
            "layout_answers", found=layout.answers_width, wanted=", ".join(map(str, sorted(widths)))
        )


def _check_rows(rows: list[str], first: int, layout: Layout) -> None:
    width = layout.row_width
    for row, text in enumerate(rows, first):
        if len(text) < width:
            raise IntakeFault("row_short", row, len(text) + 1, found=len(text), wanted=width)
        if len(text) > width:
            raise IntakeFault("row_long", row, width + 1, found=len(text), wanted=width)
    if len(rows) < layout.lines:
        raise IntakeFault("truncated", first + len(rows), 1)


def _mark_table(plans: Plans, layout: Layout) -> dict[int, str]:
    """For every character of a field of answers what it means; one that means nothing stays."""
    known = set(MARKS) | every_option(plans) | layout.marks.keys()
    return {ord(mark): blank_means(layout, mark) for mark in known}


def _sheet(record: str, row: int, layout: Layout, marks: dict[int, str], plans: Plans) -> Line:
    number, form = (
        check_field(joined(layout.fields[name], record), row, str(layout.fields[name][0][0]))
        for name in ("number", "form")
    )
    form = layout.form_named(form)
    answers = joined(layout.fields["answers"], record).translate(marks)
    length = len(plans[form].items) if form in plans else len(answers)
    if not answers[length:].strip(BLANK):  # a shorter form leaves the rest of the sheet empty
        answers = answers[:length]
    return Line(row, number, form, settle_blanks(answers, layout.inside, layout.trailing))
