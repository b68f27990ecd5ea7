"""Items, their places, and keys: each version written once, with its reason and author."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.models import User
from scheduling.models import ExamForm
from scoring.arrays import items_of, key_of, rows_of
from scoring.errors import KeyIncomplete, KeyMissing, ReasonMissing, SamePersonTwice
from scoring.models import FormItem, Item, KeyVersion
from scoring.psychometrics.keying import ItemKey, Key, Rule


@dataclass(frozen=True)
class NewItem:
    """An item as it is entered: its code, its standard and, if wanted, its words."""

    code: str
    options: str = "ABCDE"
    standard_th: str = ""
    standard_en: str = ""
    text_th: str = ""
    text_en: str = ""
    competency_th: str = ""
    competency_en: str = ""


@transaction.atomic
def lay_out_form(
    *, form: ExamForm, items: Sequence[NewItem], by: User | None, at: datetime
) -> list[FormItem]:
    """Put items into an exam form in this order. Items the paper has already keep their row."""
    known = {item.code: item for item in Item.objects.filter(paper_id=form.paper_id)}
    fresh = [Item(paper_id=form.paper_id, **vars(new)) for new in items if new.code not in known]
    known |= {item.code: item for item in Item.objects.bulk_create(fresh)}
    places = FormItem.objects.bulk_create(
        FormItem(form=form, item=known[new.code], position=position)
        for position, new in enumerate(items, 1)
    )
    record("lay_out_form", target=form, by=by, at=at, items=len(places), new_items=len(fresh))
    return places


def single_answers(form: ExamForm, letters: str) -> Key:
    """A key written as one letter per item, in the order of the form."""
    codes = [place.item.code for place in items_of(form)]
    if len(codes) != len(letters):
        what = f"{len(letters)} letters for {len(codes)} items"
        raise KeyIncomplete(form=form.code, what=what)
    return Key(tuple(ItemKey(code, (letter,)) for code, letter in zip(codes, letters, strict=True)))


@transaction.atomic
def enter_key(
    *,
    form: ExamForm,
    key: Key,
    reason: str,
    by: User | None,
    at: datetime,
    signed_by: User | None = None,
) -> KeyVersion:
    """Store a key as the next version of its exam form. Older versions stay as they are.

    `signed_by`: the second person who entered the same key, or agreed to its change.
    """
    if signed_by is not None and signed_by == by:
        raise SamePersonTwice
    if not reason.strip():
        raise ReasonMissing
    rows = _checked_rows(form, key)
    ExamForm.objects.select_for_update().get(pk=form.pk)  # two authors take turns
    newest = KeyVersion.objects.filter(form=form).aggregate(newest=Max("number"))["newest"] or 0
    version = KeyVersion.objects.create(
        form=form,
        number=newest + 1,
        item_keys=rows,
        digest=digest_of(rows),
        reason=reason.strip(),
        by=by,
        at=at,
        signed_by=signed_by,
    )
    record(
        "enter_key",
        target=form,
        by=by,
        at=at,
        version=version.number,
        digest=version.digest,
        reason=version.reason,
        signed_by=signed_by.pk if signed_by else None,
    )
    return version


def revise_key(
    *,
    form: ExamForm,
    change: ItemKey,
    reason: str,
    by: User | None,
    at: datetime,
    signed_by: User | None = None,
) -> KeyVersion:
    """Store a new version that differs from the newest in one item."""
    key = key_of(newest_key(form)).replace(change)
    return enter_key(form=form, key=key, reason=reason, by=by, at=at, signed_by=signed_by)


def newest_key(form: ExamForm) -> KeyVersion:
    """The key in force for an exam form. KeyMissing when there is none."""
    version = KeyVersion.objects.filter(form=form).order_by("-number").first()
    if version is None:
        raise KeyMissing(form=form.code)
    return version


def _checked_rows(form: ExamForm, key: Key) -> list[dict[str, Any]]:
    """The key's rows in form order; KeyIncomplete when it does not fit the form."""
    places = list(items_of(form))
    codes = {place.item.code for place in places}
    strange = sorted(key.by_item.keys() - codes)
    missing = sorted(codes - key.by_item.keys())
    if strange or missing:
        what = ", ".join([f"+{code}" for code in strange] + [f"-{code}" for code in missing])
        raise KeyIncomplete(form=form.code, what=what)
    for place in places:
        item_key = key.by_item[place.item.code]
        wrong = set(item_key.right) - set(place.item.options)
        if wrong and item_key.rule is Rule.RIGHT_ANSWERS:
            what = f"{place.item.code} has no option {', '.join(sorted(wrong))}"
            raise KeyIncomplete(form=form.code, what=what)
    return rows_of(key.by_item[place.item.code] for place in places)


def digest_of(rows: Any) -> str:
    """SHA-256 of plain data in its one spelling."""
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
