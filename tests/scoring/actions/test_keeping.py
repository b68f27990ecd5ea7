from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from centres.models import AuditEntry, User
from scoring.actions.decisions import propose_keeping, sign_keeping
from scoring.errors import NotTheNewestRun, NotWaiting, ReasonMissing, SamePersonTwice
from scoring.models import AnalysisRun, DecisionKind, ItemDecision
from scoring.queries.items import open_flags
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
    assert not open_flags(run).exists()
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
    assert "Propose to keep" in first.get(table).content.decode()
    first.post(address, {"answer": "propose", "reason": "read again"})
    assert "someone else must sign" in first.get(table).content.decode()
    assert "Sign " in second.get(table).content.decode()
    second.post(address, {"answer": "sign", "reason": "agreed"})
    assert not ItemDecision.objects.filter(run=run, signed_at=None).exists()
