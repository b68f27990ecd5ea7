"""A calm room is not a silent one."""

from proctoring.live.silence import DEVICE_GONE, IN_USE, NEVER_HEARD, is_silent
from proctoring.live.state import PHASES, RECORDS

NOW = 10_000_000


def test_a_room_whose_device_is_connected_is_never_silent_however_calm() -> None:
    for phase in IN_USE:
        assert not is_silent(phase, 1, NOW - 20_000, NOW)


def test_a_room_whose_device_is_gone_is_silent_after_two_minutes() -> None:
    assert not is_silent("running", 1, NOW - DEVICE_GONE + 1, NOW)
    assert is_silent("running", 1, NOW - DEVICE_GONE, NOW)


def test_an_event_is_as_good_as_a_sign() -> None:
    assert not is_silent("running", NOW - 1, NOW - DEVICE_GONE, NOW)


def test_a_room_without_devices_is_given_a_quarter_of_an_hour() -> None:
    assert not is_silent("checking_in", NOW - NEVER_HEARD + 1, 0, NOW)
    assert is_silent("checking_in", NOW - NEVER_HEARD, 0, NOW)


def test_what_has_not_begun_or_is_a_record_is_never_silent() -> None:
    quiet = set(PHASES) - IN_USE
    assert quiet == RECORDS | {"planned"}
    assert not any(is_silent(phase, 1, 1, NOW) for phase in quiet)
