"""An electronic test: JSON lines, one for each session, or for each part of a resumed one.

    {"number": "1000203693", "form": "A", "session": "7f3a", "part": 1,
     "order": ["T101", "T007"],
     "responses": [{"item": "T101", "shown": "CADB", "chosen": 2},
                   {"item": "T007", "shown": "BACD", "chosen": null}]}

`order` is the order in which this person met the items; without it, that of the form. `shown` are
the item's options in the order on the screen; without it, the item's own. `chosen` counts from 1
among what was shown: 2 of ``CADB`` is option A. ``null`` is seen and left, a list is more than one
choice, ``"illegible"`` a record that cannot be read. An item of `order` without a response was
passed by where a later one was met, and not reached where none was. An item of the form that is
not in `order` was not administered.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scoring.intake.decoding import decoded
from scoring.intake.lines import (
    DOUBLE,
    ILLEGIBLE,
    NOT_ADMINISTERED,
    NOT_REACHED,
    OMITTED,
    FormPlan,
    IntakeFault,
    Line,
    Plans,
    ReadFile,
    Tell,
    check_field,
    in_silence,
    telling,
)


@dataclass
class Session:
    """What one person did in one session, part after part; a later answer replaces an earlier."""

    row: int
    number: str
    form: str
    order: tuple[str, ...]
    parts: dict[int, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)


def read_sessions(content: bytes, plans: Plans, tell: Tell = in_silence) -> ReadFile:
    """Read the sessions of an electronic test; parts of one session become one sheet."""
    text, encoding = decoded(content)
    sessions: dict[tuple[str, str], Session] = {}
    for row, said in telling(_objects(text), tell):
        _take(sessions, row, said, plans)
    if not sessions:
        raise IntakeFault("empty")
    lines = [
        Line(one.row, one.number, one.form, _answers(one, plans[one.form]))
        for one in sessions.values()
    ]
    return ReadFile(
        lines, "jsonl", encoding, {"number": "number", "form": "form", "answers": "responses"}
    )


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = text.split("\n")
    for row, line in enumerate(rows, 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as fault:
            ends = row == len(rows)
            column = getattr(fault, "colno", 1)
            raise IntakeFault("truncated" if ends else "not_json", row, column) from fault
        if not isinstance(said, dict):
            raise IntakeFault("not_json", row, 1)
        yield row, said


def _take(
    sessions: dict[tuple[str, str], Session], row: int, said: dict[str, Any], plans: Plans
) -> None:
    number, form = _text(said, "number", row), _text(said, "form", row)
    plan = plans.get(form)
    if plan is None:
        raise IntakeFault("form_unknown", row, "form", value=form[:40])
    name = _text(said, "session", row) if "session" in said else f"row {row}"
    part = said.get("part", 1)
    if type(part) is not int or part < 1:
        raise IntakeFault("value_wrong", row, "part", value=str(part)[:40])
    order = _order(said, row, plan)
    one = sessions.setdefault((number, name), Session(row, number, form, order))
    whole = json.dumps(said, sort_keys=True)
    if part in one.parts:
        if one.parts[part] == whole:
            return  # sent twice: the same words mean the same
        raise IntakeFault("part_twice", row, "part", part=part, first=one.row)
    if (one.form, one.order) != (form, order):
        raise IntakeFault("session_changed", row, "form", first=one.row)
    if one.parts and part < max(one.parts):
        raise IntakeFault("part_late", row, "part", part=part, first=one.row)
    one.parts[part] = whole
    one.marks |= _marks(said, row, plan, set(order))


def _text(said: dict[str, Any], name: str, row: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise IntakeFault("value_wrong", row, name, value=str(value)[:40])
    return check_field(value, row, name)


def _order(said: dict[str, Any], row: int, plan: FormPlan) -> tuple[str, ...]:
    order = said.get("order", list(plan.items))
    if not isinstance(order, list):
        raise IntakeFault("value_wrong", row, "order", value=str(order)[:40])
    known = set(plan.items)
    for place, code in enumerate(order):
        if not isinstance(code, str) or code not in known:
            raise IntakeFault("item_unknown", row, f"order[{place}]", item=str(code)[:40])
    if len(set(order)) != len(order):
        raise IntakeFault("item_twice", row, "order")
    return tuple(order)


def _marks(said: dict[str, Any], row: int, plan: FormPlan, met: set[str]) -> dict[str, str]:
    responses = said.get("responses")
    if not isinstance(responses, list):
        raise IntakeFault("value_wrong", row, "responses", value=str(responses)[:40])
    options = dict(zip(plan.items, plan.options, strict=True))
    marks = {}
    for place, response in enumerate(responses):
        where = f"responses[{place}]"
        if not isinstance(response, dict):
            raise IntakeFault("value_wrong", row, where, value=str(response)[:40])
        item = response.get("item")
        if not isinstance(item, str) or item not in met:
            raise IntakeFault("item_unknown", row, f"{where}.item", item=str(item)[:40])
        marks[item] = _mark(response, row, where, options[item])
    return marks


def _mark(response: dict[str, Any], row: int, where: str, options: str) -> str:
    """The item's own option that stood where this person pressed."""
    shown = response.get("shown", options)
    letters = list(shown) if isinstance(shown, (str, list)) else []
    if not letters or sorted(map(str, letters)) != sorted(options):
        facts = {"value": str(shown)[:40], "options": options}
        raise IntakeFault("shown_wrong", row, f"{where}.shown", **facts)
    if "chosen" not in response:
        raise IntakeFault("value_wrong", row, f"{where}.chosen", value="")
    chosen = response["chosen"]
    if chosen is None:
        return OMITTED
    if chosen == "illegible":
        return ILLEGIBLE
    several = chosen if isinstance(chosen, list) else [chosen]
    if not all(type(one) is int and 1 <= one <= len(letters) for one in several):
        raise IntakeFault("value_wrong", row, f"{where}.chosen", value=str(chosen)[:40])
    pressed = sorted(set(several))
    if not pressed:
        return OMITTED
    return DOUBLE if len(pressed) > 1 else str(letters[pressed[0] - 1])


def _answers(session: Session, plan: FormPlan) -> str:
    """The sheet in the order of the form, whatever order this person met the items in."""
    met = [place for place, code in enumerate(session.order) if code in session.marks]
    last = met[-1] if met else -1
    marks = {
        code: session.marks.get(code, OMITTED if place < last else NOT_REACHED)
        for place, code in enumerate(session.order)
    }
    return "".join(marks.get(code, NOT_ADMINISTERED) for code in plan.items)
