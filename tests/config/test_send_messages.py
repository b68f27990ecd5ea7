"""The post of one machine: what waits is sent to files, and the command says how many."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from centres.common.outbox import Letter, LetterState, write
from tests.centres.common.test_outbox import letter

pytestmark = pytest.mark.django_db


def test_what_is_due_is_sent_and_counted(tmp_path: Path) -> None:
    write([letter("a", channel="sms", to="+66812345678"), letter("b", channel="sms", to="+66899")])
    said = io.StringIO()
    call_command("send_messages", stdout=said)
    assert said.getvalue().startswith("2 messages were tried")
    assert len((tmp_path / "outbox" / "sms.txt").read_text("utf-8").splitlines()) == 2
    assert set(Letter.objects.values_list("state", flat=True)) == {LetterState.SENT}
    call_command("send_messages", stdout=said)
    assert said.getvalue().count("0 messages") == 1
