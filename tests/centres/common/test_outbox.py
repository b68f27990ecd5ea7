"""Letters exist exactly when their act does, are sent once, and every try is on record."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import DatabaseError, transaction

from centres.common.audit import AuditEntry
from centres.common.contact import Channel
from centres.common.outbox import (
    CUT_OFF,
    WAITS,
    Delivery,
    Letter,
    LetterNotWaiting,
    LetterState,
    send_again,
    send_due,
    write,
)
from centres.models import Role
from tests.factories import NOW

pytestmark = pytest.mark.django_db
FACTS = {"sitting_th": "ครั้งที่ 1", "sitting_en": "Sitting 1", "number": "1000000009"}


def letter(key: str = "k", **fields: Any) -> Letter:
    plain: dict[str, Any] = {
        "wording": "scheduling.letters.card_ready", "channel": Channel.EMAIL,
        "to": "khwan@example.org", "language": "th", "facts": FACTS, "about": "x:1",
        "made_at": NOW, "due_at": NOW,
    }  # fmt: skip
    return Letter(key=key, **{**plain, **fields})


def failing(*, to: str, text: str, key: str) -> str:
    raise ConnectionError("the gateway is away")


def test_a_letter_of_an_act_that_was_rolled_back_does_not_exist() -> None:
    with transaction.atomic():
        write([letter()])
        transaction.set_rollback(True)
    assert not Letter.objects.exists()


def test_the_same_act_told_twice_is_one_letter_sent_once(mailoutbox: list[Any]) -> None:
    write([letter()])
    write([letter()])
    assert send_due(at=NOW) == 1
    assert send_due(at=NOW) == 0
    assert len(mailoutbox) == 1
    assert mailoutbox[0].extra_headers["Message-ID"].startswith("<letter-")


def test_an_e_mail_says_it_in_the_readers_language_and_below_in_the_other() -> None:
    write([letter()])
    send_due(at=NOW)
    sent = mail.outbox[0]
    assert sent.subject == "บัตรเข้าสอบของคุณพร้อมแล้ว"
    thai, english = sent.body.split("\n\n—\n\n")
    assert "ครั้งที่ 1" in thai
    assert "Sitting 1: your admission card is ready." in english


def test_an_sms_goes_to_the_gateway_that_is_named(settings: Any, tmp_path: Path) -> None:
    write([letter(channel=Channel.SMS, to="+66812345678", language="en")])
    send_due(at=NOW)
    line = (tmp_path / "outbox" / "sms.txt").read_text("utf-8")
    assert line.startswith(f"letter-{Letter.objects.get().pk}\t+66812345678\tSitting 1:")


def test_a_failing_gateway_is_tried_less_and_less_often_then_given_up(settings: Any) -> None:
    settings.SMS_GATEWAY = f"{__name__}.failing"
    write([letter(channel=Channel.SMS, to="+66812345678")])
    at = NOW
    for wait in WAITS:
        assert send_due(at=at) == 1
        assert send_due(at=at + wait - timedelta(seconds=1)) == 0
        at += wait
    assert send_due(at=at) == 1
    found = Letter.objects.get()
    assert (found.state, found.tries) == (LetterState.FAILED, len(WAITS) + 1)
    details = set(found.deliveries.values_list("detail", flat=True))
    assert details == {"ConnectionError: the gateway is away"}


def test_a_letter_cut_off_in_the_middle_is_not_sent_again_by_itself(
    mailoutbox: list[Any], make_staff: Any
) -> None:
    write([letter()])
    Letter.objects.update(state=LetterState.SENDING)
    assert send_due(at=NOW + CUT_OFF) == 0
    found = Letter.objects.get()
    assert found.state == LetterState.UNSURE
    assert not mailoutbox
    send_again(letter=found, by=make_staff(Role.STAFF), at=NOW)
    assert send_due(at=NOW) == 1
    assert AuditEntry.objects.filter(verb="send_letter_again").count() == 1


def test_a_letter_that_was_sent_cannot_be_sent_again(make_staff: Any) -> None:
    write([letter()])
    send_due(at=NOW)
    with pytest.raises(LetterNotWaiting):
        send_again(letter=Letter.objects.get(), by=make_staff(Role.STAFF), at=NOW)


def test_the_database_keeps_the_delivery_log() -> None:
    write([letter()])
    send_due(at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.update(detail="never happened")


SENDER = """
import django; django.setup()
from datetime import datetime
from centres.common.outbox import send_due
while send_due(at=datetime.fromisoformat("{at}"), most=3): pass
"""


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_every_letter_once(tmp_path: Path) -> None:
    from tests.journeys.conftest import database_url  # noqa: PLC0415

    many = 60
    write(letter(f"k{n}", channel=Channel.SMS, to=f"+668{n:08d}") for n in range(many))
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(),
        "DATA_DIR": str(tmp_path), "DATA_KEY": settings.DATA_KEY.hex(),
        "SECRET_KEY": settings.SECRET_KEY,
    }  # fmt: skip
    at: datetime = NOW
    command = [sys.executable, "-c", SENDER.format(at=at.isoformat())]
    senders = [
        subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment) for _sender in range(2)
    ]
    assert [sender.wait(180) for sender in senders] == [0, 0]
    lines = (tmp_path / "outbox" / "sms.txt").read_text("utf-8").splitlines()
    assert len(lines) == len({line.split("\t")[0] for line in lines}) == many
    assert Delivery.objects.filter(outcome=LetterState.SENT).count() == many
