import random

import pytest
from django.core.management import CommandError, call_command

from centres.common.runs import RunState, perform
from scoring.actions.items import revise_key
from scoring.actions.second_scoring import create_second_scoring
from scoring.models import AnswerSheet, ScalingRun, SecondScoring
from scoring.psychometrics.keying import ItemKey, Key, Rule, score
from scoring.psychometrics.responses import from_strings
from scoring.queries.gates import second_gate
from scoring.recount import Recount
from tests.factories import NOW
from tests.scoring.conftest import Sat


@pytest.fixture
def scaling(sat: Sat) -> ScalingRun:
    """Scores by a key with every kind of rule in it."""
    sat.ingest()
    changes = (
        ItemKey("C00", (), Rule.EVERYONE),
        ItemKey("C01", ("A",), Rule.DROPPED),
        ItemKey("C02", ("A", "B"), weight=3),
        ItemKey("C03", ("C",), Rule.UNSCORED),
    )
    for form in sat.forms:
        for change in changes:
            revise_key(
                form=form, change=change, reason="panel", by=sat.examiner, at=NOW,
                signed_by=sat.second,
            )  # fmt: skip
    sat.analyse()
    return sat.scale()


def scored_again(scaling: ScalingRun) -> SecondScoring:
    run = create_second_scoring(scaling=scaling, by=None, at=NOW)
    perform(run)
    assert run.state == RunState.DONE
    return run


def test_both_scorings_agree_on_every_person(scaling: ScalingRun) -> None:
    run = scored_again(scaling)
    assert (run.people, run.disagreements) == (23, 0)
    assert run.result["without_sheet"] == 1
    assert second_gate(scaling).passed


def test_a_disagreement_names_the_person_and_stops_the_release(scaling: ScalingRun) -> None:
    sheet = AnswerSheet.objects.select_related("registration").order_by("pk")[4]
    sheet.answers = "." * 20
    sheet.save()
    run = scored_again(scaling)
    assert run.disagreements == 1
    (told,) = run.result["differ"]
    assert told["number"] == sheet.registration.number
    assert told["second"][0] == 1  # the mark for everyone
    assert second_gate(scaling).left == 1
    with pytest.raises(CommandError):
        call_command("second_score", scaling=scaling.pk)


def test_a_fault_in_the_first_scoring_names_the_items(
    scaling: ScalingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Recount, "total", lambda recount, answers: sum(recount.credits(answers)) + 1
    )
    true = Recount.credits
    monkeypatch.setattr(
        Recount,
        "credits",
        lambda recount, answers: [c + (n == 7) for n, c in enumerate(true(recount, answers))],
    )
    run = scored_again(scaling)
    assert run.disagreements == 23
    assert {tuple(one["items"]) for one in run.result["differ"]} == {("A01",), ("B01",)}


def test_scores_that_nobody_computed_twice_do_not_pass(scaling: ScalingRun) -> None:
    SecondScoring.objects.all().delete()
    assert second_gate(scaling).left == 1
    call_command("second_score", sitting=scaling.sitting.code)
    assert second_gate(scaling).passed


def test_two_ways_of_writing_it_agree_on_any_sheet_and_key() -> None:
    chance = random.Random(6)
    items = [f"t{n}" for n in range(40)]
    for _ in range(30):
        keys = [
            ItemKey(
                item,
                tuple(chance.sample("ABCDE", chance.randint(1, 3))),
                chance.choice(list(Rule)),
                chance.randint(1, 250),
            )
            for item in items
        ]  # fmt: skip
        sheets = ["".join(chance.choices("ABCDE-.*? ", k=40)) for _ in range(20)]
        matrix = from_strings(sheets, persons=range(20), items=items)
        stored = [
            {"item": k.item, "right": list(k.right), "rule": str(k.rule), "weight": k.weight}
            for k in keys
        ]
        recount = Recount(stored)
        totals = [recount.total(sheet) for sheet in sheets]
        assert totals == score(matrix, Key(tuple(keys))).total.tolist()
