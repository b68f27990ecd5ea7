"""Moments as a page shows them: Bangkok's wall clock, in the reader's language."""

from datetime import UTC, datetime

from django.utils.translation import get_language

from centres.common import thai


def _moment(moment: datetime | int) -> datetime:
    known = datetime.fromtimestamp(moment / 1000, UTC) if isinstance(moment, int) else moment
    return thai.in_bangkok(known)


def _in_thai() -> bool:
    return (get_language() or "th").startswith("th")


def clock_time(moment: datetime | int) -> str:
    """13.00 น. or 13:00; a whole number is milliseconds since 1970 UTC."""
    at = _moment(moment)
    return thai.thai_time(at) if _in_thai() else thai.english_time(at)


def exam_day(moment: datetime | int) -> str:
    """เสาร์ 16 มกราคม 2570 or Saturday 16 January 2027."""
    day = _moment(moment).date()
    return thai.thai_long_date(day) if _in_thai() else thai.english_long_date(day)
