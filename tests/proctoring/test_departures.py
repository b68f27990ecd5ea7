"""Who loses a role, a duty, his account or his session hears nothing more, within two seconds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role, StaffRole
from proctoring import broadcast, reception, writer
from proctoring.actions.devices import revoke_device
from proctoring.models import Device
from proctoring.queries.access import room_role
from scheduling.models import Duty
from tests.proctoring.consoles import Console, console, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _let_go(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(broadcast, "RECHECK_SECONDS", 0.05)
    yield
    await reception.dismiss()
    await writer.dismiss()
    await broadcast.dismiss()
    await sync_to_async(connections.close_all)()


async def _listening(day: Any, user: Any) -> Console:
    line = await console(user, day.rooms[0].pk)
    await line.hello(day.rooms[0].pk)
    await asyncio.sleep(0.2)  # the door has been looked at once, and nothing was wrong
    return line


def _no_role(user: Any) -> None:
    StaffRole.objects.filter(user=user).delete()


def _no_duty(user: Any) -> None:
    Duty.objects.filter(proctor__user=user).delete()


def _no_account(user: Any) -> None:
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)


def _lost_device(user: Any) -> None:
    revoke_device(device=Device.objects.get(user=user), by=user, at=timezone.now())


def _no_code(user: Any) -> None:
    TOTPDevice.objects.filter(user=user).delete()


@pytest.mark.parametrize("loss", [_no_role, _no_duty, _no_account, _lost_device, _no_code])
async def test_a_console_that_only_listens_is_closed_after_a(
    live_day: Any, loss: Callable[[Any], None]
) -> None:
    user = await database_sync_to_async(live_day.proctor)("a", live_day.rooms[0])
    line = await _listening(live_day, user)
    await database_sync_to_async(loss)(user)
    assert await line.is_closed() == 4403


async def test_a_console_is_closed_when_its_person_signs_out(live_day: Any) -> None:
    user = await database_sync_to_async(live_day.proctor)("a", live_day.rooms[0])
    line = await _listening(live_day, user)
    await database_sync_to_async(SessionStore(line.session.session_key).delete)()
    assert await line.is_closed() == 4403


async def test_a_board_is_closed_when_its_chief_is_chief_no_more(live_day: Any) -> None:
    centre = live_day.centres[0]
    chief = await database_sync_to_async(live_day.user)("chief", Role.CHIEF, centre)
    path = f"/ws/boards/{live_day.exam_session.pk}/{centre.pk}/"
    session = await database_sync_to_async(session_of)(chief)
    line = await Console(chief, path, session).open()
    await line.hear("wall")
    await asyncio.sleep(0.2)
    await database_sync_to_async(_no_role)(chief)
    assert await line.is_closed() == 4403


def test_a_duty_without_the_role_of_a_proctor_opens_no_room(day: Any) -> None:
    user = day.proctor("a", day.rooms[0])
    assert room_role(user, day.rooms[0].pk) == "head"
    _no_role(user)
    assert room_role(user, day.rooms[0].pk) is None
