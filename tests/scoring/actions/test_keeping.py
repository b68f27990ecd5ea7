from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from centres.common.runs import perform
from centres.models import AuditEntry, User
from scoring.actions.decisions import propose_keeping, sign_keeping
from scoring.actions.scaling import create_scaling
from scoring.errors import NotTheNewestRun, NotWaiting, ReasonMissing, SamePersonTwice
from scoring.models import AnalysisRun, DecisionKind, ItemDecision, SignedMatter
from scoring.queries.decisions import decisions_of, open_flags, undecided
from scoring.queries.results import standing
from tests.factories import NOW
from tests.scoring.conftest import Sat


@pytest.fixture
def run(sat: Sat) -> AnalysisRun:
    """Two dozen sheets: chance alone flags some items."""
    sat.ingest()
    run = sat.analyse()[0]
    flagged = run.item_statistics.exclude(flags=[])
    assert flagged.count() >= 2
    alarm = flagged.first()
    assert alarm is not None
    alarm.alarm = True
    alarm.save(update_fields=["alarm"])
    return run


def test_all_flagged_items_but_the_alarms_are_decided_by_two(sat: Sat, run: AnalysisRun) -> None:
    wanted = set(run.item_statistics.exclude(flags=[]).filter(alarm=False).values_list("form_item"))
    proposed = propose_keeping(run=run, reason="read again", by=sat.examiner, at=NOW)
    assert proposed == len(wanted)
    with pytest.raises(SamePersonTwice):
        sign_keeping(run=run, reason="agreed", by=sat.examiner, at=NOW)
    assert sign_keeping(run=run, reason="agreed", by=sat.second, at=NOW) == proposed
    made = ItemDecision.objects.filter(run=run)
    assert set(made.values_list("form_item")) == wanted
    assert {one.kind for one in made} == {DecisionKind.KEEP}
    assert {(one.signed_by_id, one.sign_reason) for one in made} == {(sat.second.pk, "agreed")}
    assert not open_flags(run)
    entry = AuditEntry.objects.get(verb="sign_keeping")
    assert len(entry.facts["items"]) == proposed


def test_nothing_is_decided_twice_or_without_a_reason_or_on_old_figures(
    sat: Sat, run: AnalysisRun
) -> None:
    with pytest.raises(ReasonMissing):
        propose_keeping(run=run, reason=" ", by=sat.examiner, at=NOW)
    propose_keeping(run=run, reason="read again", by=sat.examiner, at=NOW)
    with pytest.raises(NotWaiting):
        propose_keeping(run=run, reason="once more", by=sat.second, at=NOW)
    sign_keeping(run=run, reason="agreed", by=sat.second, at=NOW)
    with pytest.raises(NotWaiting):
        sign_keeping(run=run, reason="again", by=sat.second, at=NOW)
    sat.analyse()
    with pytest.raises(NotTheNewestRun):
        propose_keeping(run=run, reason="late", by=sat.examiner, at=NOW)


def test_the_item_table_offers_it_and_shows_who_may_sign(
    sat: Sat, run: AnalysisRun, sign_in: Callable[[User], Client]
) -> None:
    first, second = sign_in(sat.examiner), sign_in(sat.second)
    address, table = reverse("keep_keys", args=[run.pk]), reverse("item_table", args=[run.pk])
    assert "Propose to keep all" in first.get(table).content.decode()
    first.post(address, {"answer": "all", "reason": "read again"})
    assert "someone else must sign" in first.get(table).content.decode()
    assert "Sign " in second.get(table).content.decode()
    second.post(address, {"answer": "sign", "reason": "agreed"})
    assert not ItemDecision.objects.filter(run=run, signed_at=None).exists()


def test_several_items_are_ticked_and_share_one_reason(
    sat: Sat, run: AnalysisRun, sign_in: Callable[[User], Client]
) -> None:
    mild = open_flags(run)
    alarm = run.item_statistics.get(alarm=True)
    first, address = sign_in(sat.examiner), reverse("keep_keys", args=[run.pk])
    page = first.get(reverse("item_table", args=[run.pk])).content.decode()
    assert page.count('form="keep"') == len(mild)
    ticked = [mild[0].form_item_id, alarm.form_item_id]
    first.post(address, {"answer": "ticked", "reason": "hard, but right", "place": ticked})
    made = ItemDecision.objects.get(run=run)
    assert (made.form_item_id, made.reason) == (mild[0].form_item_id, "hard, but right")
    with pytest.raises(NotWaiting):
        propose_keeping(run=run, reason="none", by=sat.examiner, at=NOW, places=[])


def test_no_flagged_item_is_published_undecided(sat: Sat, run: AnalysisRun) -> None:
    sat.sign(SignedMatter.READING)

    def left() -> int:
        return next(gate.left for gate in standing(scaling).gates if gate.code == "flags")

    scaling = create_scaling(sitting=sat.sitting, by=sat.examiner, at=NOW)
    perform(scaling)
    flagged = {one.pk for one in undecided(run)}
    assert flagged == set(run.item_statistics.exclude(flags=[]).values_list("pk", flat=True))
    everywhere = left()
    mild = propose_keeping(run=run, reason="read again", by=sat.examiner, at=NOW)
    assert left() == everywhere
    sign_keeping(run=run, reason="agreed", by=sat.second, at=NOW)
    assert left() == everywhere - mild


def test_a_decision_stands_until_an_alarm_comes_up_that_it_did_not_know_of(
    sat: Sat, run: AnalysisRun
) -> None:
    propose_keeping(run=run, reason="read again", by=sat.examiner, at=NOW)
    sign_keeping(run=run, reason="agreed", by=sat.second, at=NOW)
    place = ItemDecision.objects.filter(run=run).first().form_item_id  # type: ignore[union-attr]
    again = sat.analyse()[0]
    assert place in decisions_of(again)
    again.item_statistics.filter(form_item=place).update(alarm=True, suggested="E")
    assert place not in decisions_of(again)
    assert place in {one.form_item_id for one in undecided(again)}


def test_what_nobody_signed_lapses_with_the_next_analysis(sat: Sat, run: AnalysisRun) -> None:
    propose_keeping(run=run, reason="read again", by=sat.examiner, at=NOW)
    again = sat.analyse()[0]
    assert decisions_of(run)
    assert not decisions_of(again)
    assert propose_keeping(run=again, reason="afresh", by=sat.examiner, at=NOW)
