from collections.abc import Callable

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction

from centres.common.runs import RunState, perform
from scheduling.models import Candidate, Registration
from scoring.actions.analysis import create_analysis
from scoring.actions.items import enter_key, newest_key, single_answers
from scoring.arrays import finite, load_matrix, percents
from scoring.errors import KeyIncomplete, NothingToAnalyse, ReasonMissing
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    CandidateScore,
    KeyVersion,
    Outcome,
    RawScore,
    SimilarPair,
)
from scoring.psychometrics.keying import ItemKey, Key
from scoring.queries.items import item_table
from tests.factories import NOW
from tests.scoring.conftest import ITEMS, Sat


@pytest.fixture
def crowd(make_sat: Callable[..., Sat]) -> Sat:
    return make_sat(480, seed=7)


def marks_by_hand(sat: Sat, key: dict[str, str]) -> dict[str, int]:
    return {
        number: sum(mark == right for mark, right in zip(answers, key[form], strict=True))
        for number, (form, answers) in sat.sheets.items()
    }


def test_raw_scores_are_what_anyone_can_count(sat: Sat) -> None:
    sat.ingest()
    runs = sat.analyse()
    key = {form.code: sat.keys[form.pk] for form in sat.forms}
    scores = RawScore.objects.filter(run__in=runs).values_list("registration__number", "raw")
    assert dict(scores) == marks_by_hand(sat, key)


def test_a_matrix_is_what_was_stored(sat: Sat) -> None:
    sat.ingest()
    matrix = load_matrix(sat.sitting, sat.forms[0])
    sheets = AnswerSheet.objects.filter(form=sat.forms[0]).order_by("registration_id")
    letters = np.array(list(matrix.options))
    shown = ["".join(row) for row in letters[matrix.codes].tolist()]
    assert shown == [sheet.answers for sheet in sheets]
    assert matrix.persons.tolist() == [sheet.registration_id for sheet in sheets]


def test_the_same_answers_and_key_give_the_same_digests(sat: Sat) -> None:
    sat.ingest()
    first, second = sat.analyse()[0], sat.analyse()[0]
    assert first.pk != second.pk
    assert (first.input_digest, first.digest) == (second.input_digest, second.digest)
    assert len(first.digest) == 64


def test_forms_are_never_pooled(sat: Sat) -> None:
    sat.ingest()
    for run in sat.analyse():
        own = AnswerSheet.objects.filter(form=run.form).count()
        assert set(run.item_statistics.values_list("n", flat=True)) == {own}
        assert run.item_statistics.count() == ITEMS


def test_each_group_is_measured_by_itself_and_nobody_twice(sat: Sat) -> None:
    sat.ingest()
    Candidate.objects.filter(pk__in=[row.pk for row in Candidate.objects.all()[:9]]).update(sex="m")
    run = sat.analyse()[0]
    groups = run.groups.filter(by="sex")
    assert [group.name for group in groups] == ["f", "m"]
    assert sum(group.people for group in groups) == run.result["reliability"]["persons"]
    women = AnswerSheet.objects.filter(form=run.form, registration__candidate__sex="f")
    own = [marks_by_hand(sat, {f.code: sat.keys[f.pk] for f in sat.forms})[number] for number in
           women.values_list("registration__number", flat=True)]  # fmt: skip
    assert groups[0].people == len(own)
    assert groups[0].mean == pytest.approx(np.mean(own))
    assert len(groups[0].p) == len(groups[0].item_rest) == ITEMS
    assert not run.groups.filter(by="centre").exists()  # one centre: nothing to compare


def test_an_item_that_is_harder_in_one_language_is_flagged(crowd: Sat) -> None:
    """Every second person of form A sits in English, where one in five finds one answer."""
    english = {booking.registration_id for booking in crowd.bookings[::4]}
    Registration.objects.filter(pk__in=english).update(language="en")
    for order, booking in enumerate(crowd.bookings[::4]):
        number = booking.registration.number
        form, answers = crowd.sheets.get(number, ("", ""))
        if form == "A" and order % 5:
            wrong = "B" if crowd.keys[crowd.forms[0].pk][9] == "A" else "A"
            crowd.sheets[number] = form, answers[:9] + wrong + answers[10:]
    crowd.ingest()
    run = crowd.analyse()[0]
    groups = {group.name: group.people for group in run.groups.filter(by="language")}
    sat_a = AnswerSheet.objects.filter(form=run.form_id)
    assert groups["en"] == sat_a.filter(registration__in=english).count()
    assert sum(groups.values()) == sat_a.count()
    item = run.item_statistics.get(form_item__position=10)
    assert item.evidence["dif"]["language"]["class"] == "C"
    assert "favours_a_group" in item.flags
    assert run.groups.get(by="language", name="en").p[9] <= 0.2


def test_the_figures_of_the_whole_form_are_kept_with_the_run(sat: Sat) -> None:
    sat.ingest()
    found = sat.analyse()[0].result
    assert found["consistency"].keys() == {"omega", "standardised", "lambda6", "alpha_error"}
    assert len(found["errors"]) == ITEMS + 1
    assert found["errors"][0] == found["errors"][-1] == 0
    assert sum(found["distribution"]) == found["reliability"]["persons"]
    assert found["speed"]["finished"] == 1.0
    assert [part["items"] for part in found["parts"]["parts"]] == [ITEMS]
    assert found["parts"]["stratified"] == pytest.approx(found["reliability"]["alpha"])


def test_a_wrong_key_is_the_first_alarm_with_the_right_suggestion(crowd: Sat) -> None:
    crowd.ingest()
    form = crowd.forms[0]
    right = crowd.keys[form.pk]
    wrong = ("A" if right[9] != "A" else "B").join([right[:9], right[10:]])
    key = single_answers(form, wrong)
    enter_key(form=form, key=key, reason="a slip", by=crowd.examiner, at=NOW)
    run = crowd.analyse()[0]
    alarm = run.item_statistics.order_by("-urgency")[0]
    assert alarm.alarm
    assert alarm.form_item.position == 10
    assert alarm.suggested == right[9]
    assert run.item_statistics.filter(alarm=True).count() == 1
    assert run.result["irt"]["converged"]
    assert sorted(item_table(run), key=lambda row: -row.figures.urgency)[0].waits


def test_a_pair_that_copied_is_evidence_and_nobody_is_held(crowd: Sat) -> None:
    rows = {number: (form, answers) for number, form, answers in crowd.rows()}
    first, second = [number for number, (form, _a) in rows.items() if form == "A"][:2]
    weak = "".join("ABCDE"[(place * 7) % 5] for place in range(ITEMS))
    for number in (first, second):
        rows[number] = ("A", weak)
    crowd.ingest([(number, *row) for number, row in rows.items()])
    crowd.analyse()
    pair = SimilarPair.objects.order_by("p_value")[0]
    assert {pair.first.number, pair.second.number} == {first, second}
    assert pair.matches == ITEMS
    crowd.scale()
    assert not CandidateScore.objects.filter(outcome=Outcome.HELD).exists()


def test_an_analysis_without_sheets_fails_with_a_sentence_and_keeps_nothing(sat: Sat) -> None:
    run = create_analysis(sitting=sat.sitting, form=sat.forms[0], by=sat.examiner, at=NOW)
    perform(run)
    assert run.state == RunState.FAILED
    assert run.error == str(NothingToAnalyse(form="A"))
    assert not RawScore.objects.exists()


def test_a_key_must_fit_its_form(sat: Sat) -> None:
    form = sat.forms[0]
    with pytest.raises(KeyIncomplete):
        single_answers(form, "A")
    for key in (Key.single({"nowhere": "A"}), Key((*newest_of(form), ItemKey("more", ("A",))))):
        with pytest.raises(KeyIncomplete):
            enter_key(form=form, key=key, reason="x", by=sat.examiner, at=NOW)
    strange = single_answers(form, "Z" * ITEMS)
    with pytest.raises(KeyIncomplete):
        enter_key(form=form, key=strange, reason="x", by=sat.examiner, at=NOW)
    with pytest.raises(ReasonMissing):
        enter_key(
            form=form, key=single_answers(form, "A" * ITEMS), reason=" ", by=sat.examiner, at=NOW
        )
    assert KeyVersion.objects.filter(form=form).count() == 1


def newest_of(form: object) -> tuple[ItemKey, ...]:
    version = newest_key(form)  # type: ignore[arg-type]
    return tuple(ItemKey(row["item"], tuple(row["right"])) for row in version.item_keys)


@pytest.mark.parametrize("table", ["scoring_keyversion", "scoring_rawscore"])
def test_the_database_itself_refuses_to_rewrite_a_key_or_a_score(sat: Sat, table: str) -> None:
    sat.ingest()
    sat.analyse()
    column = {"scoring_keyversion": "reason", "scoring_rawscore": "raw"}[table]
    for statement in (f"UPDATE {table} SET {column} = '0'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_an_old_run_stays_as_it_was(sat: Sat) -> None:
    sat.ingest()
    old = sat.analyse()[0]
    before = list(old.raw_scores.order_by("registration_id").values_list("raw", flat=True))
    key = single_answers(sat.forms[0], "A" * ITEMS)
    enter_key(form=sat.forms[0], key=key, reason="another", by=sat.examiner, at=NOW)
    sat.analyse()
    kept = AnalysisRun.objects.get(pk=old.pk)
    assert list(kept.raw_scores.order_by("registration_id").values_list("raw", flat=True)) == before
    assert kept.digest == old.digest


def test_a_figure_that_does_not_exist_is_null() -> None:
    assert finite(float("nan")) is None
    assert percents([0.5, float("nan")]) == [50.0, None]
