"""How answers are made trustworthy: keys typed blind, one centre on computers, sheets read twice,
scores computed twice, and what turns up weeks later.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centres.common.runs import RunState, perform
from config.demo.answers import Scan, ScannedLine, Sitters
from config.demo.items import OPTIONS, Paper
from config.demo.stage import Stage
from scheduling.models import ExamForm, RoomSession, Sitting
from scoring.actions.key_entry import enter_blind, open_key_round
from scoring.actions.responses import ingest_response_file
from scoring.actions.second_reading import compare_second_reading, settle_difference
from scoring.actions.second_scoring import create_second_scoring
from scoring.models import (
    AnswerSheet,
    FormItem,
    KeyRound,
    KeyVersion,
    ReadingDifference,
    ResponseFile,
    ScalingRun,
)
from scoring.queries.gates import last_second_scoring
from scoring.queries.people import sitters

Bools = NDArray[np.bool_]
Report = Callable[[int, int], None]
SLIP = 36  # the place of the one item that the second examiner first typed wrongly, in form B
ON_COMPUTERS = 400  # people at most
LIGHT_MARKS = 0.0004  # share of sheets that the second reading sees otherwise
SESSIONS, SECOND, LATE, SAMPLE = "sessions.jsonl", "second-reading.csv", "found.csv", "sample.csv"


# --- keys -----------------------------------------------------------------------------------------


def enter_keys(stage: Stage, forms: Sequence[ExamForm]) -> None:
    """Two examiners type each key without seeing the other's; one slip is found and corrected."""
    one, other = stage.user("examiner"), stage.user("examiner2")
    for order, form in enumerate(forms):
        if KeyVersion.objects.filter(form=form).exists():
            continue
        begun = KeyRound.objects.filter(form=form, closed_at=None).first() or open_key_round(
            form=form, reason="เฉลยจากคณะกรรมการออกข้อสอบ", by=one, at=stage.day(-20)
        )
        right = _rows(form, stage.paper.stored_key[order])
        done = set(begun.entries.values_list("by_id", flat=True))
        if one.pk not in done:
            enter_blind(key_round=begun, rows=right, by=one, at=stage.day(-19))
        if other.pk not in done:
            typed = _with_a_slip(right) if order else right
            enter_blind(key_round=begun, rows=typed, by=other, at=stage.day(-18))
        if KeyRound.objects.get(pk=begun.pk).is_open:
            enter_blind(key_round=begun, rows=right, by=other, at=stage.day(-17))


def _rows(form: ExamForm, letters: str) -> list[dict[str, Any]]:
    places = FormItem.objects.filter(form=form).order_by("position")
    codes = places.values_list("item__code", flat=True)
    return [
        {"item": code, "right": [letter], "rule": "right_answers", "weight": 1}
        for code, letter in zip(codes, letters, strict=True)
    ]


def _with_a_slip(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    right = rows[SLIP]["right"]
    typed = ["B"] if right != ["B"] else ["A"]
    return [*rows[:SLIP], rows[SLIP] | {"right": typed}, *rows[SLIP + 1 :]]


# --- on computers ---------------------------------------------------------------------------------


def on_computers(sitting: Sitting, who: Sitters) -> Bools:
    """(N,): who sat the last exam session of one centre, which had computers instead of paper."""
    rooms = RoomSession.objects.filter(
        exam_session__sitting=sitting, pk__in=np.unique(who.room).tolist()
    ).order_by("-exam_session__number", "room__building__centre__code", "room__code")
    rows = list(rooms.values_list("pk", "exam_session_id", "room__building__centre_id"))
    chosen = [room for room, *where in rows if where == list(rows[0][1:])]
    there: Bools = np.isin(who.room, chosen)
    there &= np.cumsum(there) <= ON_COMPUTERS
    return there


def write_sessions(lines: Sequence[ScannedLine], paper: Paper, file: Path, *, seed: int) -> None:
    """The same answers as the computers kept them: items and options in another order for each."""
    rng = np.random.default_rng([seed, 11])
    with file.open("w", encoding="utf-8") as out:
        for number, line in enumerate(lines):
            for part in _parts(rng, line, paper, resumed=number % 40 == 7):
                out.write(json.dumps(part, ensure_ascii=False) + "\n")


def _parts(
    rng: np.random.Generator, line: ScannedLine, paper: Paper, *, resumed: bool
) -> list[dict[str, Any]]:
    items = paper.forms["AB".index(line.form)]
    reached = line.answers.rstrip(".")
    met = rng.permutation(len(reached)).tolist()
    never = (len(reached) + rng.permutation(len(items) - len(reached))).tolist()
    order = [paper.code[items[place]] for place in met + never]
    responses = [_response(rng, line.answers[place], paper, int(items[place])) for place in met]
    whole = {"number": line.number, "form": line.form, "session": f"s-{line.number}"}
    if not resumed:
        return [whole | {"order": order, "responses": responses}]
    half = len(responses) // 2
    return [
        whole | {"part": part, "order": order, "responses": some}
        for part, some in enumerate((responses[:half], responses[half:]), 1)
    ]


def _response(rng: np.random.Generator, mark: str, paper: Paper, item: int) -> dict[str, Any]:
    options = OPTIONS[: paper.options[item]]
    shown = "".join(rng.permutation(list(options)).tolist())
    chosen: Any = shown.index(mark) + 1 if mark in options else None
    if mark == "*":
        chosen = [1, 2]
    return {"item": paper.code[item], "shown": shown, "chosen": chosen}


# --- the second reading ---------------------------------------------------------------------------


def scan_again(scan: Scan, numbers: frozenset[str], seed: int) -> list[ScannedLine]:
    """The paper sheets of these people from the last to the first; a few light marks are lost."""
    rng = np.random.default_rng([seed, 12])
    lines = [line for line in reversed(scan.lines) if line.number in numbers]
    clean = [n for n, line in enumerate(lines) if line.form and line.number not in scan.copied]
    several = min(len(clean), max(2, round(LIGHT_MARKS * len(lines))))
    for at in rng.choice(clean, several, replace=False).tolist() if clean else ():
        line = lines[at]
        places = [n for n, mark in enumerate(line.answers) if mark in OPTIONS]
        lost = int(rng.choice(places)) if places else 0
        seen = str(rng.choice(["-", "*"]))
        answers = line.answers[:lost] + seen + line.answers[lost + 1 :]
        lines[at] = ScannedLine(line.stack, line.number, line.form, answers)
    return lines


def read_twice(stage: Stage, file: Path) -> None:
    """Compare the second reading; a person looks at every sheet that differs, mark by mark."""
    sitting, by = stage.sitting, stage.user("staff2")
    if not ResponseFile.objects.filter(sitting=sitting, name=file.name).exists():
        compare_second_reading(sitting=sitting, path=file, by=by, at=stage.day(5))
    waiting = ReadingDifference.objects.filter(file__sitting=sitting, resolved_at=None)
    for difference in waiting.order_by("pk"):
        settle_difference(
            difference=difference, answers=difference.first,
            reason="ดูกระดาษจริงแล้ว รอยระบายจางแต่ชัดเจน", by=by, at=stage.day(6),
        )  # fmt: skip


# --- the second scoring ---------------------------------------------------------------------------


def score_twice(stage: Stage, scaling: ScalingRun) -> int:
    """Everybody once more by the other code. Returns on how many people the two differ."""
    found = last_second_scoring(scaling)
    if found is None:
        found = create_second_scoring(scaling=scaling, by=stage.user("staff"), at=stage.day(15))
        with stage.teller.bar("second scoring") as report:
            perform(found, report)
        if found.state != RunState.DONE:
            raise RuntimeError(found.error)
    return found.disagreements


# --- weeks later ----------------------------------------------------------------------------------


def find_more(stage: Stage) -> int:
    """After the release: a crate with odd sheets, and a sample that was read anew. All of it waits.

    Returns how many matters wait for a person.
    """
    sitting, at = stage.sitting, stage.now - timedelta(days=1)
    lines = _found_lines(sitting)
    if not ResponseFile.objects.filter(sitting=sitting, name=LATE).exists():
        path = _written(stage.folder / LATE, lines)
        ingest_response_file(sitting=sitting, path=path, by=stage.user("staff"), at=at)
    if not ResponseFile.objects.filter(sitting=sitting, name=SAMPLE).exists():
        path = _written(stage.folder / SAMPLE, _sample(sitting))
        compare_second_reading(sitting=sitting, path=path, by=stage.user("staff"), at=at)
    waiting = ReadingDifference.objects.filter(file__sitting=sitting, resolved_at=None).count()
    return len(lines) + waiting


Line = tuple[str, str, str]


def _stored(sitting: Sitting, several: int) -> list[Line]:
    sheets = AnswerSheet.objects.filter(registration__sitting=sitting, file__format="csv")
    rows = sheets.order_by("-answers").values_list("registration__number", "form__code", "answers")
    return list(rows[:several])


def _found_lines(sitting: Sitting) -> list[Line]:
    """Spare sheets of people who have one, one of somebody absent, numbers read wrongly."""
    (n1, f1, a1), (n2, f2, a2), (n3, _f3, a3), (n4, f4, a4) = _stored(sitting, 4)
    absent = next(who.number for who in sitters(sitting) if not who.present)
    return [
        (n1, f1, _changed(a1, 3, "-")),
        (n2, f2, a2),
        (n3, "", a3),
        (absent, f4, _changed(a4, 11, "?")),
        (f"{n4[:8]}{n4[9]}{n4[8]}" if n4[8] != n4[9] else f"{n4[:8]}??", f4, a4),
    ]


def _sample(sitting: Sitting) -> list[Line]:
    """Thirty sheets taken out of the stack; on two of them a mark is seen otherwise."""
    rows = _stored(sitting, 30)
    return [
        (number, form, _changed(answers, 5, "*") if at in (4, 17) else answers)
        for at, (number, form, answers) in enumerate(rows)
    ]


def _changed(answers: str, place: int, mark: str) -> str:
    return answers[:place] + mark + answers[place + 1 :]


def _written(path: Path, lines: Sequence[Line]) -> Path:
    rows = [("number", "form", "answers"), *lines]
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path
