from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from centres.models import AuditEntry, Role, User
from scoring.actions.remarks import add_remark
from scoring.errors import ReasonMissing
from scoring.models import ItemRemark
from scoring.queries.items import remarks_of
from tests.factories import NOW
from tests.scoring.conftest import Sat


def test_a_remark_stays_under_the_item_in_every_later_analysis(sat: Sat) -> None:
    sat.ingest()
    run = sat.analyse()[0]
    place = run.form.form_items.first()
    add_remark(run=run, form_item=place, text=" ambiguous stem ", by=sat.examiner, at=NOW)
    later = sat.analyse()[0]
    assert [one.text for one in remarks_of(later, place)] == ["ambiguous stem"]
    assert AuditEntry.objects.filter(verb="add_remark").count() == 1


def test_a_remark_is_never_empty_and_the_database_lets_nobody_change_it(sat: Sat) -> None:
    sat.ingest()
    run = sat.analyse()[0]
    place = run.form.form_items.first()
    with pytest.raises(ReasonMissing):
        add_remark(run=run, form_item=place, text="  ", by=sat.examiner, at=NOW)
    said = add_remark(run=run, form_item=place, text="keep", by=sat.examiner, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        ItemRemark.objects.filter(pk=said.pk).update(text="drop")
    with pytest.raises(DatabaseError), transaction.atomic():
        ItemRemark.objects.all().delete()


def test_an_examiner_speaks_on_the_page_and_an_auditor_only_reads(
    sat: Sat, make_staff: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    sat.ingest()
    run = sat.analyse()[0]
    place = run.form.form_items.first()
    assert place is not None
    address = reverse("remark", args=[run.pk, place.pk])
    spoken = sign_in(sat.examiner).post(address, {"text": "<b>two</b> right answers"})
    assert spoken.status_code == 302
    auditor = sign_in(make_staff(Role.AUDITOR))
    assert auditor.post(address, {"text": "me too"}).status_code == 403
    page = auditor.get(reverse("item", args=[run.pk, place.pk])).content.decode()
    assert "&lt;b&gt;two&lt;/b&gt; right answers" in page
    assert "Keep this remark" not in page
