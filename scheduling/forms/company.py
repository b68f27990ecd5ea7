"""Whom people of an import ask to sit beside or apart from: by the numbers of their documents."""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from centres.common.identity import lookup_hash
from centres.common.sheets import CellFault
from centres.common.thai import ascii_digits
from scheduling.forms.cells import Fault

COLUMNS = ("beside", "apart")
_LISTED = re.compile(r"[,;/|]|\sและ")
_NATIONAL = re.compile(r"[\d\s-]+")

Named = tuple[int, str, str, tuple[str, ...]]  # row, column letter, own identity, the others


def read_numbers(text: str) -> tuple[str, ...]:
    """National numbers without their hyphens, passports as `GBR-123456789`."""
    words = [word.strip().upper() for word in _LISTED.split(ascii_digits(text)) if word.strip()]
    return tuple(
        re.sub(r"[\s-]", "", word) if _NATIONAL.fullmatch(word) else word.replace(" ", "")
        for word in words
    )


def refuse_himself(own: str, others: Collection[str]) -> None:
    """Raise Fault where somebody names himself."""
    if own in others:
        raise Fault(_("Nobody sits beside or apart from himself. Write the other person's number."))


def unknown_company(
    named: list[Named], in_file: Collection[str], registered: Collection[bytes]
) -> list[CellFault]:
    """A fault for each cell that names somebody who is in neither the file nor the sitting."""
    reason = _("Somebody of this number is neither in the file nor registered for this sitting.")
    return [
        CellFault(row, letter, other, reason)
        for row, letter, _own, others in named
        for other in others
        if other not in in_file and lookup_hash(other) not in registered
    ]
