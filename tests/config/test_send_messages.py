"""The post of one machine: what waits is sent to files, and the command says how many."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from centres.common.outbox import Letter, LetterState, write
from tests.centres.common.test_outbox import letter

pytestmark = pytest.mark.django_db


def test_what_is_due_is_sent_and_counted(tmp_path: Path) -> None:
    due = timezone.now() - timedelta(minutes=1)
    to = {"channel": "sms", "to": "+66812345678", "due_at": due}
    write([letter("a", **to), letter("b", **to)])
    said = io.StringIO()
    call_command("send_messages", stdout=said)
    assert said.getvalue().startswith("2 messages were tried")
    assert len((tmp_path / "outbox" / "sms.txt").read_text("utf-8").splitlines()) == 2
    assert set(Letter.objects.values_list("state", flat=True)) == {LetterState.SENT}
    call_command("send_messages", stdout=said)
    assert said.getvalue().count("0 messages") == 1
