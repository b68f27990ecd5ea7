import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.lines import FormPlan, IntakeFault
from scoring.intake.sessions import read_sessions

PLANS = {"A": FormPlan(("t1", "t2", "t3", "t4"), ("ABCD", "ABCD", "ABCD", "ABCDE"))}


def session(*responses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"number": "1000203693", "form": "A", "responses": list(responses), **fields}


def response(item: str, chosen: Any, shown: str = "ABCD", **fields: Any) -> dict[str, Any]:
    return {"item": item, "chosen": chosen, "shown": shown, **fields}


def read(*lines: Any) -> list[str]:
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    return [line.answers for line in read_sessions(text.encode(), PLANS).lines]


def test_an_option_is_mapped_back_from_where_it_stood_on_this_screen() -> None:
    assert read(session(response("t1", 1, "CADB"), response("t2", 4, "BACD"))) == ["CD.."]


@given(
    shown=st.permutations("ABCD"), option=st.sampled_from("ABCD"), order=st.permutations(range(3))
)
def test_whoever_chose_an_option_chose_it_in_every_order(
    shown: list[str], option: str, order: list[int]
) -> None:
    codes = [f"t{place + 1}" for place in order]
    chosen = shown.index(option) + 1
    some = [response(code, chosen, "".join(shown)) for code in codes]
    assert read(session(*some, order=codes)) == [option * 3 + " "]


def test_what_is_no_choice_stays_apart() -> None:
    kept = session(
        response("t4", None, "EDCBA"),
        response("t1", [1, 2]),
        response("t2", "illegible"),
        order=["t4", "t1", "t2"],
    )
    assert read(kept) == ["*? -"]


def test_passed_by_is_left_out_and_never_seen_is_not_reached() -> None:
    assert read(session(response("t3", 1), order=["t1", "t3", "t2", "t4"])) == ["-.A."]


def test_a_resumed_session_is_one_sheet_and_the_later_answer_counts() -> None:
    first = session(response("t1", 1), response("t2", 1), session="s", part=1)
    again = session(response("t2", 3), response("t3", 4), session="s", part=2)
    assert read(first, first, again) == ["ACD."]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        (session(response("t9", 1)), "item_unknown", "responses[0].item"),
        (session(response("t1", 5)), "value_wrong", "responses[0].chosen"),
        (session(response("t1", True)), "value_wrong", "responses[0].chosen"),
        (session(response("t1", 1, "ABCC")), "shown_wrong", "responses[0].shown"),
        (session({"item": "t1"}), "value_wrong", "responses[0].chosen"),
        (session(order=["t1", "t1"]), "item_twice", "order"),
        (session(order=["t1", "x"]), "item_unknown", "order[1]"),
        (session(form="Z"), "form_unknown", "form"),
        (session(number=7), "value_wrong", "number"),
        (session(number="=1"), "formula", "number"),
        ({"number": "1", "form": "A"}, "value_wrong", "responses"),
        (["a list"], "not_json", "1"),
    ],
)
def test_a_fault_is_told_with_row_and_field(line: Any, code: str, column: str) -> None:
    with pytest.raises(IntakeFault) as fault:
        read(session(), line)
    assert (fault.value.code, fault.value.row, fault.value.column) == (code, 2, column)


def test_parts_that_contradict_each_other_refuse_the_file() -> None:
    part = session(response("t1", 1), session="s", part=1)
    other = session(response("t1", 2), session="s", part=1)
    with pytest.raises(IntakeFault, match="part_twice"):
        read(part, other)
    with pytest.raises(IntakeFault, match="part_late"):
        read(part | {"part": 2}, part)
    with pytest.raises(IntakeFault, match="session_changed"):
        read(part, session(session="s", part=2, order=["t2", "t1"]))


def test_a_file_cut_off_in_the_middle_is_recognised() -> None:
    text = json.dumps(session()) + "\n" + json.dumps(session())[:30]
    with pytest.raises(IntakeFault) as fault:
        read_sessions(text.encode(), PLANS)
    assert (fault.value.code, fault.value.row) == ("truncated", 2)
