from collections.abc import Callable

import numpy as np
import pytest

from centres.common.audit import AuditEntry
from centres.common.runs import RunState, ask_to_cancel, perform
from scheduling.models import Candidate, Registration
from scoring.actions.calibration import create_calibration, start_calibration
from scoring.arrays import key_of, load_matrix
from scoring.arrays.calibrations import load_groups
from scoring.errors import NoFinishedAnalysis
from scoring.models import CalibratedItem, CalibrationRun, GroupDifference, PersonMeasure
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.concurrent import together
from scoring.psychometrics.keying import score
from scoring.queries.calibrations import (
    fitted_item,
    groups_of,
    measure_of,
    newest_calibration,
    pattern_of,
)
from scoring.studies import model_ladder
from tests.factories import NOW
from tests.scoring.conftest import COMMON, ITEMS, Sat


@pytest.fixture
def crowd(make_sat: Callable[..., Sat]) -> Sat:
    sat = make_sat(480, seed=7)
    sat.ingest()
    sat.analyse()
    return sat


def mix_sexes(sat: Sat) -> None:
    """As the sitting is made, women have one exam form and men the other."""
    for place, booking in enumerate(sat.bookings):
        booking.registration.candidate.sex = "fm"[place // 2 % 2]
    people = [booking.registration.candidate for booking in sat.bookings]
    Candidate.objects.bulk_update(people, ["sex"])


def calibrated(sat: Sat, model: str = "2pl") -> CalibrationRun:
    run = create_calibration(
        sitting=sat.sitting, paper=sat.paper, model=model, by=sat.examiner, at=NOW
    )
    perform(run)
    assert run.state == RunState.DONE, run.error
    return run


def test_a_calibration_keeps_what_the_arithmetic_finds(crowd: Sat) -> None:
    run = calibrated(crowd)
    analyses = run.analyses.select_related("form", "key_version").order_by("form_id")
    forms = [
        score(load_matrix(crowd.sitting, one.form), key_of(one.key_version)) for one in analyses
    ]
    found = calibrate(together(forms))
    assert run.result["loglik"] == pytest.approx(found.loglik)
    assert run.result["items"] == 2 * ITEMS - COMMON
    kept = {row.form_item.item.code: row for row in run.items.select_related("form_item__item")}
    for j, code in enumerate(found.items):
        assert kept[code].a == pytest.approx(found.a[j])
        assert kept[code].b == pytest.approx(found.b[j])
    assert run.items.count() == 2 * ITEMS
    assert AuditEntry.objects.filter(verb="calibrate", facts__digest=run.digest).exists()


def test_a_common_item_is_the_same_in_both_forms(crowd: Sat) -> None:
    run = calibrated(crowd)
    rows = CalibratedItem.objects.filter(run=run, form_item__item__code="C03")
    assert len(set(rows.values_list("a", "b", "se_b"))) == 1
    assert rows.count() == 2


def test_everybody_present_is_placed_once(crowd: Sat) -> None:
    run = calibrated(crowd)
    assert PersonMeasure.objects.filter(run=run).count() == len(crowd.sheets)
    number = next(iter(crowd.sheets))
    measure = measure_of(run, number)
    assert measure is not None
    pattern = pattern_of(run, measure)
    assert pattern is not None
    form, answers = crowd.sheets[number]
    key = next(crowd.keys[one.pk] for one in crowd.forms if one.code == form)
    right = sum(mark == letter for mark, letter in zip(answers, key, strict=True))
    assert sum(third.right for third in pattern.thirds) == right
    assert sum(third.items for third in pattern.thirds) == ITEMS


def test_a_person_who_answers_backwards_is_the_oddest(make_sat: Callable[..., Sat]) -> None:
    sat = make_sat(480, seed=7)
    number = next(iter(sat.sheets))
    form, _answers = sat.sheets[number]
    key = next(sat.keys[one.pk] for one in sat.forms if one.code == form)
    wrong = ["A" if letter != "A" else "B" for letter in key]
    half = ITEMS // 2  # the key's items grow harder: right only on the harder half
    sat.sheets[number] = (form, "".join([*wrong[:half], *key[half:]]))
    sat.ingest()
    sat.analyse()
    run = calibrated(sat)
    oddest = PersonMeasure.objects.filter(run=run).order_by("p").select_related("registration")
    assert oddest[0].registration.number == number
    assert oddest[0].p is not None
    assert oddest[0].p < 1e-4
    assert oddest[0].u3 is not None
    assert oddest[0].u3 > 0.6


def test_the_same_answers_give_the_same_digest(crowd: Sat) -> None:
    first, second = calibrated(crowd), calibrated(crowd)
    assert (first.digest, first.input_digest) == (second.digest, second.input_digest)


def test_the_cut_is_measured_where_the_scale_puts_it(crowd: Sat) -> None:
    run = calibrated(crowd)
    base = next(form for form in run.result["forms"] if form["form"] == "A")
    assert base["cut"]["scaled"] == 60
    assert base["cut"]["raw"] == 12  # 60 of 100 points on twenty items
    assert base["cut"]["scaled_error"] == pytest.approx(5 * base["cut"]["raw_error"])


def test_two_groups_are_compared_form_by_form(crowd: Sat) -> None:
    mix_sexes(crowd)
    run = calibrated(crowd)
    sex = groups_of(run, "sex")
    assert [group.summary["people"] + group.summary["others"] for group in sex] == [240, 239]
    assert not any(group.summary["too_small"] for group in sex)
    rows = GroupDifference.objects.filter(run=run, grouping="sex")
    assert rows.count() == 2 * ITEMS
    assert all(abs(row.shrunk or 0) <= abs(row.delta or 0) + 0.2 for row in rows)
    assert groups_of(run, "document") == []


def test_a_group_too_small_is_told_not_compared(crowd: Sat) -> None:
    mix_sexes(crowd)
    few = [booking.registration.candidate_id for booking in crowd.bookings[:90]]
    Candidate.objects.filter(pk__in=few).update(identity_kind="national")
    run = calibrated(crowd)
    found = groups_of(run, "document")
    assert [group.summary["too_small"] for group in found] == [True, True]
    assert not GroupDifference.objects.filter(run=run, grouping="document").exists()


def test_an_item_harder_in_one_language_says_what_it_did_to_those_who_sat_in_it(
    make_sat: Callable[..., Sat],
) -> None:
    sat = make_sat(480, seed=7)
    english = sat.bookings[::4]  # every second person of form A; one in five finds one answer
    people = {booking.registration_id for booking in english}
    Registration.objects.filter(pk__in=people).update(language="en")
    for order, booking in enumerate(english):
        form, answers = sat.sheets.get(booking.registration.number, ("", ""))
        if form == "A" and order % 5:
            wrong = "B" if sat.keys[sat.forms[0].pk][9] == "A" else "A"
            sat.sheets[booking.registration.number] = form, answers[:9] + wrong + answers[10:]
    sat.ingest()
    sat.analyse()
    (group,) = [one for one in groups_of(calibrated(sat), "language") if one.summary["effect"]]
    assert (group.summary["group"], group.summary["form"]) == ("en", "A")
    assert group.summary["effect"]["mean_shift"] < -0.3


def test_women_are_told_from_men_by_registration(crowd: Sat) -> None:
    people = np.array([booking.registration_id for booking in crowd.bookings], np.int64)
    groups = {one.code: one for one in load_groups(people, crowd.sitting, crowd.paper.pk)}
    assert groups["sex"].labels.tolist() == ["fm"[n % 2] for n in range(480)]
    assert groups["sex"].focal == ("f",)
    assert groups["region"].focal == ()


def test_a_ladder_prefers_the_model_with_the_smaller_criterion(crowd: Sat) -> None:
    runs = [calibrated(crowd, model) for model in ("1pl", "2pl")]
    ladder = model_ladder(runs[-1], runs)
    assert [rung.run.model for rung in ladder] == ["1pl", "2pl"]
    best = min(runs, key=lambda run: run.result["bic"])
    assert [rung.run for rung in ladder if rung.is_best] == [best]
    test = ladder[1].test
    assert test is not None
    assert test.chi2 == pytest.approx(2 * (runs[1].result["loglik"] - runs[0].result["loglik"]))
    assert test.df == 2 * ITEMS - COMMON - 1


def test_a_calibration_asked_to_stop_keeps_nothing(crowd: Sat) -> None:
    run = create_calibration(
        sitting=crowd.sitting, paper=crowd.paper, model="2pl", by=crowd.examiner, at=NOW
    )

    def stop(done: int, total: int) -> None:
        if done > 5:
            ask_to_cancel(run)

    perform(run, stop)
    assert run.state == RunState.CANCELLED
    assert not CalibratedItem.objects.exists()
    assert not PersonMeasure.objects.exists()


def test_too_few_sheets_end_in_a_sentence(sat: Sat) -> None:
    sat.ingest()
    sat.analyse()
    run = create_calibration(
        sitting=sat.sitting, paper=sat.paper, model="2pl", by=sat.examiner, at=NOW
    )
    perform(run)
    assert run.state == RunState.FAILED
    assert "23" in run.error


def test_without_an_analysis_there_is_nothing_to_calibrate(sat: Sat) -> None:
    with pytest.raises(NoFinishedAnalysis):
        start_calibration(
            sitting=sat.sitting, paper=sat.paper, model="2pl", by=sat.examiner, at=NOW
        )
    assert not CalibrationRun.objects.exists()


def test_the_card_of_an_item_finds_its_newest_calibration(crowd: Sat) -> None:
    old, new = calibrated(crowd), calibrated(crowd)
    analysis = new.analyses.order_by("pk")[0]
    assert newest_calibration(analysis) == new != old
    form_item = analysis.form.form_items.get(position=4)
    found = fitted_item(new, form_item)
    assert found is not None
    assert found.chance(found.figures.b or 0.0) == pytest.approx(0.5)
