from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from centres.models import Role, User
from scoring.admin import ADMINS
from scoring.models import CandidateScore, Item, KeyVersion
from tests.scoring.conftest import Sat


@pytest.fixture
def administrator(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.ADMINISTRATOR))


def test_the_administrator_reads_every_table_and_rewrites_no_key_or_score(
    sat: Sat, administrator: Client
) -> None:
    sat.ingest()
    sat.analyse()
    sat.scale()
    for model in ADMINS:
        page = administrator.get(reverse(f"admin:scoring_{model._meta.model_name}_changelist"))
        assert page.status_code == 200, model
    for row in (KeyVersion.objects.first(), CandidateScore.objects.first()):
        assert row
        name = f"admin:scoring_{row._meta.model_name}"
        assert administrator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert administrator.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403
        assert administrator.post(reverse(f"{name}_delete", args=[row.pk]), {}).status_code == 403
        assert administrator.get(reverse(f"{name}_add")).status_code == 403


def test_the_words_of_an_item_may_be_corrected_and_its_code_may_not(
    sat: Sat, administrator: Client
) -> None:
    item = Item.objects.order_by("pk")[0]
    words = {"text_th": "ข้อใดถูก", "text_en": "", "standard_th": "", "standard_en": "", "code": "X"}
    administrator.post(reverse("admin:scoring_item_change", args=[item.pk]), words)
    item.refresh_from_db()
    assert (item.text_th, item.code) == ("ข้อใดถูก", "C00")
