"""Numbers as the pages print them: thousands, true minus, a dash for what does not exist."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

NOTHING: Final = "–"
MARKS: Final = {
    "(omit)": _("left out"),
    "(not reached)": _("not reached"),
    "(double mark)": _("double mark"),
    "(illegible)": _("illegible"),
}
SHEET_MARKS: Final = {
    "-": MARKS["(omit)"],
    ".": MARKS["(not reached)"],
    "*": MARKS["(double mark)"],
    "?": MARKS["(illegible)"],
    " ": _("not given"),
}
GROUPS: Final = {"sex": _("Women and men"), "language": _("In English and in Thai")}


@register.filter
def thousands(value: float | str | None) -> str:
    """59,679."""
    return NOTHING if value is None or value == "" else f"{float(value):,.0f}".replace("-", "−")


@register.filter
def places(value: float | str | None, digits: int) -> str:
    """A figure with this many decimals, and a true minus."""
    if value is None or value == "":
        return NOTHING
    text = f"{float(value):.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


@register.filter
def percent(share: float | None, digits: int) -> str:
    """A share from 0 to 1 as a percentage, without its sign."""
    return NOTHING if share is None else places(share * 100, digits)


@register.filter
def scientific(value: float | None) -> str:
    """2.1·10⁻¹⁴ for what is very small, plain decimals for the rest."""
    if value is None:
        return NOTHING
    if value == 0:
        return "< 0.001"  # too small to be stored; no chance is nought
    if value >= 0.001:
        return f"{value:.3f}"
    mantissa, power = f"{value:.1e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}·10{raised}"


@register.filter
def power_of_ten(log10: float | None) -> str:
    """A chance given as a power of ten, however small: 2.1·10⁻¹⁴⁰."""
    if log10 is None:
        return NOTHING
    return f"{10**log10:.3f}" if log10 > -3 else _raised(log10)


@register.filter
def times(log10: float | None) -> str:
    """How many times likelier, given as a power of ten: 0.4, 37, 5,100 or 2.1·10⁸."""
    if log10 is None:
        return NOTHING
    if abs(log10) >= 4:
        return _raised(log10)
    return f"{10**log10:,.0f}" if log10 >= 1 else f"{10**log10:.{1 if log10 > -1 else 4}f}"


def _raised(log10: float) -> str:
    power = math.floor(log10)
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{10 ** (log10 - power):.1f}·10{raised}"


@register.filter
def mark_name(option: str) -> str | Promise:
    """An option letter as it is; a mark that is no choice, in words."""
    return MARKS.get(option, option)


@register.filter
def group_name(group: str) -> str | Promise:
    """The groups an item was compared between, in words."""
    return GROUPS.get(group, group)


@register.filter
def nth(values: Sequence[float | None], number: int) -> float | None:
    """The value numbered from 1; nothing beyond the end."""
    return values[number - 1] if number <= len(values) else None


@register.filter
def add_number(value: float, step: int) -> str:
    """A coordinate moved by some units."""
    return f"{value + step:.1f}"


@register.filter
def less(value: float | None, other: float | None) -> float | None:
    """The difference of two figures; nothing where one does not exist."""
    return None if value is None or other is None else value - other


@register.filter
def at(values: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds under a key."""
    return values.get(key)


@register.filter
def sheet_mark(mark: str) -> str | Promise:
    """One character of an answer sheet: an option as it is, anything else in words."""
    return SHEET_MARKS.get(mark, mark)
