"""One sign-in for each kind of user of the demo, with the code that is good right now.

The password is printed and shown because these people are invented; the page exists only while
`make demo` serves.
"""

import time
from dataclasses import dataclass

from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

PASSWORD = "sanamsob-demo"
USERNAMES = (
    "proctor", "proctor2", "chief", "headquarters", "examiner", "examiner2",
    "staff", "staff2", "auditor", "admin",
)  # fmt: skip


@dataclass(frozen=True)
class SignIn:
    username: str
    name: str
    roles: str
    code: str
    seconds: int


def demo_sign_ins() -> list[SignIn]:
    """The staff accounts of the demo in the order of the story, with fresh codes."""
    devices = TOTPDevice.objects.filter(user__username__in=USERNAMES, confirmed=True)
    found = {d.user.username: d for d in devices.select_related("user")}
    return [_sign_in(found[name]) for name in USERNAMES if name in found]


def code_of(device: TOTPDevice) -> tuple[str, int]:
    """The code of this moment that has not been used yet, and the seconds it stays good."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    step = max(totp.t(), device.last_t + 1)
    totp.time = step * device.step + device.t0
    until = (step + 1 + device.tolerance) * device.step
    return f"{totp.token():0{device.digits}d}", int(until - time.time())


def _sign_in(device: TOTPDevice) -> SignIn:
    code, seconds = code_of(device)
    user = device.user
    roles = ", ".join(str(role) for role in user.staff_roles.select_related("centre"))
    return SignIn(user.username, user.shown_name, roles, code, seconds)
