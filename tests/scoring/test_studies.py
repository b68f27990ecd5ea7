from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from scheduling.models import Registration
from scoring.errors import CannotEquate
from scoring.models import AnswerSheet, CandidateScore, Equating, Outcome, RawScore, ScaleSpec
from scoring.psychometrics.keying import ItemKey, Rule
from scoring.studies import (
    FormData,
    answers_of,
    common_items,
    method_for,
    paper_scores,
    sitting_forms,
)
from scoring.studies.what_if import _divided, key_effects, open_bench, remedy_effects
from tests.scoring.conftest import ITEMS, Sat


@pytest.fixture
def crowd(make_sat: Callable[..., Sat]) -> Sat:
    sat = make_sat(240, seed=3)
    sat.ingest()
    return sat


def by_hand(raw: int, full: int = ITEMS) -> int:
    exact = Decimal(raw) * 100 / Decimal(full)
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_scores_of_the_base_form_are_what_anyone_can_reckon(crowd: Sat) -> None:
    runs = crowd.analyse()
    scaling = crowd.scale()
    raw = dict(RawScore.objects.filter(run=runs[0]).values_list("registration_id", "raw"))
    base = CandidateScore.objects.filter(run=scaling, form=crowd.forms[0])
    assert base.count() == len(raw)
    for score in base:
        assert score.scaled == by_hand(raw[score.registration_id])
        assert score.passed == (score.scaled >= 60)


def test_everyone_has_an_outcome_and_the_counts_close(crowd: Sat) -> None:
    crowd.analyse()
    scaling = crowd.scale()
    found = Counter(CandidateScore.objects.filter(run=scaling).values_list("outcome", flat=True))
    assert found == {Outcome.SCORED: 239, Outcome.ABSENT: 1}
    assert scaling.result["scored"] == 239


def test_the_same_analyses_and_scale_give_the_same_scores(crowd: Sat) -> None:
    crowd.analyse()
    assert crowd.scale().digest == crowd.scale().digest


def test_no_raw_point_costs_anything_after_equating(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    for method in (Equating.IDENTITY, Equating.LINEAR, Equating.EQUIPERCENTILE):
        spec.equating = method
        for table in paper_scores(spec, forms).tables.values():
            assert (np.diff(table.scaled) >= 0).all()
            assert (table.band_low <= table.scaled).all()
            assert (table.scaled <= table.band_high).all()
            assert table.scaled.min() >= 0
            assert table.scaled.max() <= 100


def test_an_easier_form_is_worth_less(crowd: Sat) -> None:
    """Give everyone on form B three own items for nothing: the same people, three points more."""
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    spec.equating = Equating.LINEAR
    plain = paper_scores(spec, forms).tables[crowd.forms[1].pk].equated
    own = [ItemKey(f"B{n:02d}", ("A",), Rule.EVERYONE) for n in range(3)]
    easier = [
        form if form.form_id != crowd.forms[1].pk
        else type(form)(form.form_id, form.code, form.matrix, form.key.replace(*own))
        for form in forms
    ]  # fmt: skip
    shifted = paper_scores(spec, easier).tables[crowd.forms[1].pk].equated
    assert shifted[10] < plain[10]


@pytest.mark.parametrize(
    "change", [ItemKey("C02", ("A",), Rule.EVERYONE), ItemKey("C02", ("A",), weight=9)]
)
def test_a_shared_item_changed_in_one_form_makes_nobody_there_abler(
    crowd: Sat, change: ItemKey
) -> None:
    """The mark for everyone on form B alone: a raw point more is worth no point more."""
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    spec.equating, form_b = Equating.LINEAR, crowd.forms[1].pk

    def mean_of_b(forms: list[FormData]) -> float:
        scores = paper_scores(spec, forms)
        return float(scores.tables[form_b].equated[scores.raw[form_b]].mean())

    alone = [
        replace(form, key=form.key.replace(change)) if form.form_id == form_b else form
        for form in forms
    ]
    keys = [form.key for form in alone]
    scored = [form.scored() for form in alone]
    assert common_items(scored[1], scored[0], keys[1], keys[0]) == [
        f"C{n:02d}" for n in range(6) if n != 2
    ]
    assert mean_of_b(alone) == pytest.approx(mean_of_b(forms), abs=0.35)


def test_the_way_of_equating_follows_the_number_of_people(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    base = forms[0].scored()
    assert method_for(spec, base, base) is Equating.LINEAR
    small = type(base)(base.credit[:50], base.maximum, base.counted, base.persons[:50], base.items)
    assert method_for(spec, small, base) is Equating.IDENTITY


def test_forms_with_nothing_in_common_are_not_equated(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    spec.equating = Equating.LINEAR
    dropped = [ItemKey(f"C{n:02d}", ("A",), Rule.DROPPED) for n in range(6)]
    alone = [
        type(form)(form.form_id, form.code, form.matrix, form.key.replace(*dropped))
        for form in forms
    ]
    with pytest.raises(CannotEquate):
        paper_scores(spec, alone)


def test_keeping_a_key_moves_nobody(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    same = forms[0].key.by_item["C00"]
    effects = key_effects(spec, forms, forms[0].form_id, same)
    assert effects.movers == ()
    assert effects.changed_scores == 0
    assert effects.passed_before == effects.passed_after


@pytest.mark.parametrize(
    "change",
    [
        ItemKey("C02", ("A",)),
        ItemKey("C02", ("A", "B")),
        ItemKey("C02", ("A",), Rule.EVERYONE),
        ItemKey("C02", ("A",), Rule.DROPPED),
    ],
)
def test_what_was_shown_is_what_happens(crowd: Sat, change: ItemKey) -> None:
    """The effects name exactly those whose verdict differs when everything is scored again."""
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    effects = key_effects(spec, forms, run.form_id, change)
    changed = [
        type(f)(f.form_id, f.code, f.matrix, f.key.replace(change) if f.form_id == run.form_id
                else f.key)
        for f in forms
    ]  # fmt: skip
    before, after = paper_scores(spec, forms), paper_scores(spec, changed)
    moved = {}
    for form in forms:
        was, becomes = before.passed(form.form_id), after.passed(form.form_id)
        for who, old, new in zip(form.matrix.persons, was, becomes, strict=True):
            if old != new:
                moved[int(who)] = bool(new)
    assert {mover.registration_id: mover.passes for mover in effects.movers} == moved
    assert effects.passed_after - effects.passed_before == effects.up - effects.down


def test_a_dropped_item_leaves_the_denominator(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    spec, forms = sitting_forms(run)
    dropped = ItemKey("A00", ("A",), Rule.DROPPED)
    base = type(forms[0])(
        forms[0].form_id, forms[0].code, forms[0].matrix, forms[0].key.replace(dropped)
    )
    table = paper_scores(spec, [base]).tables[base.form_id]
    assert [int(value) for value in table.scaled] == [by_hand(n, 19) for n in range(20)]


def test_the_cut_lies_on_the_scale(crowd: Sat) -> None:
    spec = ScaleSpec.objects.get()
    assert spec.low < spec.cut <= spec.high


def test_groups_of_a_remedy_add_up_to_everybody(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    some = crowd.bookings[: len(crowd.bookings) // 3]
    Registration.objects.filter(bookings__in=some).update(language="en")
    _divided.cache_clear()
    bench = open_bench(run)
    change = ItemKey("C02", ("A",), Rule.EVERYONE)
    effects = remedy_effects(bench, {run.form_id: [change]})
    assert {group.by for group in effects.groups} == {"sex", "language"}  # all sat in one centre
    for by in ("sex", "language"):
        groups = [group for group in effects.groups if group.by == by]
        assert sum(group.people for group in groups) == effects.people
        assert sum(group.passed_before for group in groups) == effects.passed_before
        assert sum(group.passed_after for group in groups) == effects.passed_after
        assert sum(group.up for group in groups) == effects.up
        assert sum(group.down for group in groups) == effects.down
    women = {row.registration_id for row in crowd.bookings if row.registration.candidate.sex == "f"}
    found = next(group for group in effects.groups if (group.by, group.name) == ("sex", "f"))
    assert found.up == sum(m.passes for m in effects.movers if m.registration_id in women)


def test_several_changes_at_once_are_not_the_sum_of_each(crowd: Sat) -> None:
    """Two items dropped together: the raw score is out of two fewer, in one reckoning."""
    run = crowd.analyse()[0]
    bench = open_bench(run)
    drop = [ItemKey(code, ("A",), Rule.DROPPED) for code in ("A00", "A01")]
    both = remedy_effects(bench, {run.form_id: drop})
    changed = [
        type(f)(f.form_id, f.code, f.matrix, f.key.replace(*drop) if f.form_id == run.form_id
                else f.key)
        for f in bench.forms
    ]  # fmt: skip
    after = paper_scores(bench.spec, changed)
    assert both.passed_after == sum(int(after.passed(form.form_id).sum()) for form in changed)


def test_a_weight_counts_the_item_twice(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    bench = open_bench(run)
    own = bench.form(run.form_id)
    right = own.key.by_item["A00"].right
    effects = remedy_effects(bench, {run.form_id: [ItemKey("A00", right, weight=2)]})
    heavier = type(own)(own.form_id, own.code, own.matrix,
                        own.key.replace(ItemKey("A00", right, weight=2)))  # fmt: skip
    raw = heavier.scored().total
    table = [by_hand(int(score), ITEMS + 1) for score in raw]
    mine = sum(score >= 60 for score in table)
    others = bench.before.passed(bench.forms[1].form_id)
    if bench.before.methods[bench.forms[1].form_id] == Equating.IDENTITY:
        assert effects.passed_after == mine + int(others.sum())
    assert effects.alpha != bench.before.alphas[run.form_id][0]


def test_answers_are_kept_at_hand_only_while_they_are_the_ones_analysed(crowd: Sat) -> None:
    run = crowd.analyse()[0]
    kept = answers_of(run)
    assert answers_of(run) is kept
    sheet = AnswerSheet.objects.filter(form=run.form).order_by("registration_id").first()
    assert sheet is not None
    other = "E" if sheet.answers[0] != "E" else "A"
    AnswerSheet.objects.filter(pk=sheet.pk).update(answers=other + sheet.answers[1:])
    assert answers_of(run) is kept  # what the run saw
    newer = crowd.analyse()[0]
    assert newer.input_digest != run.input_digest
    assert answers_of(newer).codes[0, 0] == "ABCDE".index(other)
