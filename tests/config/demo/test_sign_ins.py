"""The codes that the demo shows open the door."""

import pytest
from django.contrib.auth import get_user_model
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.demo.sign_ins import code_of

pytestmark = pytest.mark.django_db


def test_every_code_is_good_however_quickly_one_comes_in_again() -> None:
    user = get_user_model().objects.create_user("visitor")
    device = TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
    for _time in range(6):
        code, seconds = code_of(device)
        assert device.verify_token(code)
        assert seconds > 0
        device.refresh_from_db()
