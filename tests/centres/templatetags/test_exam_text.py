"""Moments are written for the reader: Buddhist years in Thai, Bangkok time in both."""

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from centres.templatetags.exam_text import clock, day, moment

WHEN = datetime(2027, 1, 15, 18, 30, tzinfo=UTC)  # half past one in the night in Bangkok


@pytest.mark.parametrize(
    ("language", "written"),
    [("th", "16 ม.ค. 2570 1.30\N{NO-BREAK SPACE}น."), ("en", "16 Jan 2027 1:30")],
)
def test_a_moment_is_written_in_the_readers_language_and_bangkok_time(language, written):
    with translation.override(language):
        assert moment(WHEN) == written


def test_a_day_needs_no_time():
    with translation.override("en"):
        assert day(date(2027, 1, 16)) == "16 Jan 2027"


def test_nothing_is_written_for_nothing():
    assert (day(None), clock(None), moment(None)) == ("", "", "")
