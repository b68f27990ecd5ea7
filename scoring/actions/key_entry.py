"""A key entered blind by two people. Only two equal entries become a key version.

Until both are in, neither is told what the other entered, nor whether it differs.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.common.audit import record
from centres.common.sheets import xlsx_rows
from centres.models import User
from scheduling.models import ExamForm
from scoring.actions.items import digest_of, enter_key
from scoring.actions.reading import FAULTS, MAX_WORKBOOK, ZIP, content_of
from scoring.arrays import item_key_of, items_of
from scoring.errors import (
    FormWithoutItems,
    KeyAlreadyEqual,
    KeyEnteredBefore,
    KeyEnteredByTwo,
    KeyRoundOpen,
    KeyRoundOver,
    KeyUnreadable,
    ReasonMissing,
)
from scoring.intake.decoding import decoded
from scoring.intake.keys import Row, read_key_rows, read_words
from scoring.intake.lines import FormPlan, IntakeFault
from scoring.models import KeyEntry, KeyRound, KeyVersion
from scoring.psychometrics.keying import Key

PEOPLE: Final = 2
KEY_FAULTS: Final[dict[str, str | Promise]] = {
    "key_empty": _("item %(item)s has no key."),
    "key_word": _("“%(value)s” is not a key. Write B, BD, *, -, B~ or B=2."),
    "key_option": _("item %(item)s has no option %(value)s; it has %(options)s."),
    "key_item": _("the exam form holds no item %(item)s."),
    "key_missing": _("%(count)s items have no key: %(items)s."),
}


@transaction.atomic
def open_key_round(*, form: ExamForm, reason: str, by: User, at: datetime) -> KeyRound:
    """Begin a double entry of the key of an exam form. One at a time for each form."""
    if not reason.strip():
        raise ReasonMissing
    if not items_of(form).exists():
        raise FormWithoutItems(form=form.code)
    try:
        with transaction.atomic():
            begun = KeyRound.objects.create(
                form=form, reason=reason.strip(), opened_by=by, opened_at=at
            )
    except IntegrityError as open_now:
        since = KeyRound.objects.get(form=form, closed_at=None).opened_at
        raise KeyRoundOpen(form=form.code, since=f"{since:%d/%m/%Y}") from open_now
    record("open_key_round", target=begun, by=by, at=at, form=form.code, reason=begun.reason)
    return begun


@transaction.atomic
def enter_blind(
    *, key_round: KeyRound, rows: list[Row], by: User, at: datetime, source: str = ""
) -> KeyVersion | None:
    """Enter a key as one of two people. Returns the key version where the two entries are equal.

    Once both are in and differ, each may correct what differs, and nothing else.
    """
    locked = _open_round(key_round)
    entries = newest_entries(locked)
    mine = entries.get(by.pk)
    if mine is None and len(entries) >= PEOPLE:
        raise KeyEnteredByTwo
    if mine is not None and len(entries) < PEOPLE:
        raise KeyEnteredBefore
    if mine is not None:
        _check_corrects(entries, mine, rows)
    entry = KeyEntry.objects.create(
        round=locked,
        number=mine.number + 1 if mine else 1,
        item_keys=rows,
        digest=digest_of(rows),
        source=source[:200],
        by=by,
        at=at,
    )
    # The digest of a key of so few letters could be guessed: it waits until both are in.
    record("enter_blind", target=locked, by=by, at=at, form=locked.form.code, entry=entry.pk)
    return _conclude(locked, entries | {by.pk: entry}, at=at)


def newest_entries(key_round: KeyRound) -> dict[int, KeyEntry]:
    """The last entry of each person of a round, in the order in which they first entered."""
    found: dict[int, KeyEntry] = {}
    for entry in key_round.entries.select_related("by").order_by("pk"):
        found[entry.by_id] = entry
    return found


def _check_corrects(entries: Mapping[int, KeyEntry], mine: KeyEntry, rows: list[Row]) -> None:
    other = next(entry for person, entry in entries.items() if person != mine.by_id)
    equal = [
        new["item"]
        for old, theirs, new in zip(mine.item_keys, other.item_keys, rows, strict=True)
        if old == theirs and new != old
    ]
    if equal:
        raise KeyAlreadyEqual(items=", ".join(equal[:6]))


def _conclude(
    key_round: KeyRound, entries: dict[int, KeyEntry], *, at: datetime
) -> KeyVersion | None:
    """Two equal entries make a key version, signed by both."""
    if len(entries) < PEOPLE or len({entry.digest for entry in entries.values()}) > 1:
        return None
    first, second = entries.values()
    version = enter_key(
        form=key_round.form,
        key=Key(tuple(item_key_of(row) for row in first.item_keys)),
        reason=key_round.reason,
        by=first.by,
        signed_by=second.by,
        at=at,
    )
    key_round.closed_at, key_round.key_version = at, version
    key_round.save(update_fields=["closed_at", "key_version"])
    return version


@transaction.atomic
def call_off_key_round(*, key_round: KeyRound, reason: str, by: User, at: datetime) -> KeyRound:
    """End a double entry without a key. What was entered stays on record."""
    if not reason.strip():
        raise ReasonMissing
    locked = _open_round(key_round)
    locked.closed_at, locked.called_off = at, reason.strip()
    locked.save(update_fields=["closed_at", "called_off"])
    record("call_off_key_round", target=locked, by=by, at=at, reason=locked.called_off)
    return locked


def _open_round(key_round: KeyRound) -> KeyRound:
    locked = (
        KeyRound.objects.select_for_update(of=("self",))
        .select_related("form__paper")
        .get(pk=key_round.pk)
    )
    if not locked.is_open:
        raise KeyRoundOver
    return locked


# --- what was typed or sent -----------------------------------------------------------------------


def plan_of(form: ExamForm) -> FormPlan:
    """The items of an exam form in their order, and the options of each."""
    places = list(items_of(form))
    return FormPlan(
        tuple(place.item.code for place in places), tuple(place.item.options for place in places)
    )


def typed_key(form: ExamForm, words: Mapping[str, str]) -> list[Row]:
    """A key typed on a page: a word for each item code."""
    try:
        return read_words(words, plan_of(form))
    except IntakeFault as fault:
        raise _unreadable(form.code, fault) from fault


def sent_key(form: ExamForm, path: Path, name: str = "") -> list[Row]:
    """A key sent as a file, CSV or workbook."""
    try:
        return read_key_rows(table_rows(path), plan_of(form))
    except IntakeFault as fault:
        raise _unreadable(name or path.name, fault) from fault


def table_rows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    """The rows of a small table, CSV or workbook, each with its number."""
    content = content_of(path)
    if content[:4] == ZIP:
        yield from xlsx_rows(path, unpacked=MAX_WORKBOOK // 50)
        return
    text, _encoding = decoded(content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        for cells in reader:
            yield reader.line_num, list(cells)
    except csv.Error as fault:
        raise IntakeFault("row_unreadable", reader.line_num, 1, what=str(fault)) from fault


def _unreadable(name: str, fault: IntakeFault) -> KeyUnreadable:
    sentence = str((KEY_FAULTS | FAULTS)[fault.code])
    what = sentence % fault.facts
    return KeyUnreadable(name=name, row=fault.row or 1, column=fault.column or 1, what=what)


# --- how two entries compare ----------------------------------------------------------------------


@dataclass(frozen=True)
class KeyDifference:
    """One item that two people keyed otherwise."""

    place: int
    item: str
    first: Row
    second: Row


def key_differences(key_round: KeyRound) -> list[KeyDifference]:
    """Where two entries differ; nothing before both are in."""
    entries = list(newest_entries(key_round).values())
    if len(entries) < PEOPLE:
        return []
    pairs = zip(entries[0].item_keys, entries[1].item_keys, strict=True)
    return [
        KeyDifference(place, first["item"], first, second)
        for place, (first, second) in enumerate(pairs, 1)
        if first != second
    ]
