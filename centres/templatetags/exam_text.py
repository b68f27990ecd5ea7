"""Dates and times as the reader writes them: {{ moment|day }}, {{ moment|moment }}."""

from collections.abc import Mapping
from datetime import date, datetime

from django import template
from django.utils.translation import get_language

from centres.common.acts import act_name
from centres.common.thai import (
    english_date,
    english_long_date,
    english_time,
    in_bangkok,
    thai_date,
    thai_long_date,
    thai_time,
)

register = template.Library()


@register.filter
def day(when: date | datetime | None) -> str:
    """16 ม.ค. 2570, or 16 Jan 2027; nothing for nothing."""
    if when is None:
        return ""
    local = in_bangkok(when) if isinstance(when, datetime) else when
    return thai_date(local) if _is_thai() else english_date(local)


@register.filter
def long_day(when: date | datetime | None) -> str:
    """เสาร์ 16 มกราคม 2570, or Saturday 16 January 2027; nothing for nothing."""
    if when is None:
        return ""
    local = in_bangkok(when) if isinstance(when, datetime) else when
    return thai_long_date(local) if _is_thai() else english_long_date(local)


@register.filter
def grouped(number: str) -> str:
    """4108 2617 35: a registration number as it is read aloud."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


@register.filter
def clock(when: datetime | None) -> str:
    """13.00 น., or 13:00, in Bangkok; nothing for nothing."""
    if when is None:
        return ""
    local = in_bangkok(when)
    return thai_time(local) if _is_thai() else english_time(local)


@register.filter
def moment(when: datetime | None) -> str:
    """The day and the time."""
    return f"{day(when)} {clock(when)}".strip()


@register.filter
def moment_to_the_second(when: datetime) -> str:
    """16 ม.ค. 2570 13.00.05 น., or 16 Jan 2027 13:00:05: as exact as an audit entry shows it."""
    local = in_bangkok(when)
    return (
        f"{day(when)} {local:%H.%M.%S}\N{NO-BREAK SPACE}น."
        if _is_thai()
        else f"{day(when)} {local:%H:%M:%S}"
    )


@register.filter
def baht(satang: int) -> str:
    """1,234.50: whole satang as baht."""
    return f"{satang // 100:,}.{satang % 100:02d}"


@register.filter
def unlocalized(number: float) -> str:
    """A length for a drawing, with a point in every language."""
    return f"{number:.2f}"


@register.filter
def pairs(facts: Mapping[str, object]) -> list[tuple[str, object]]:
    """The names and values of facts, of which one may itself be called `items`."""
    return list(facts.items())


register.filter(act_name)


def _is_thai() -> bool:
    return (get_language() or "th").startswith("th")
