"""Keys of exam forms: their versions, and how a double entry stands, without what was entered."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from centres.models import User
from scheduling.models import ExamForm
from scoring.intake.keys import word_of
from scoring.models import FormItem, KeyEntry, KeyRound, KeyVersion


@dataclass(frozen=True)
class EntryStanding:
    """That somebody entered, and when: never what."""

    person: User
    entry: KeyEntry


@dataclass(frozen=True)
class FormKey:
    """One exam form with its key in force and the double entry that is open."""

    form: ExamForm
    items: int
    newest: KeyVersion | None
    open_round: KeyRound | None
    entries: list[EntryStanding]

    def is_mine(self, person: User) -> bool:
        """Whether this person has entered in the open round."""
        return any(entry.person.pk == person.pk for entry in self.entries)


def form_keys() -> list[FormKey]:
    """Every exam form that has items."""
    forms = (
        ExamForm.objects.filter(form_items__isnull=False)
        .distinct()
        .select_related("paper__exam")
        .prefetch_related(
            Prefetch("key_versions", KeyVersion.objects.select_related("by", "signed_by")),
            Prefetch("key_rounds", KeyRound.objects.filter(closed_at=None)),
            "key_rounds__entries__by",
            "form_items",
        )
        .order_by("paper_id", "code")
    )
    return [_form_key(form) for form in forms]


def form_key(form: ExamForm) -> FormKey:
    """One exam form as above."""
    return next((one for one in form_keys() if one.form.pk == form.pk), _empty(form))


def _empty(form: ExamForm) -> FormKey:
    return FormKey(form, 0, None, None, [])


def _form_key(form: ExamForm) -> FormKey:
    versions = sorted(form.key_versions.all(), key=lambda version: version.number)
    rounds = [one for one in form.key_rounds.all() if one.closed_at is None]
    begun = rounds[0] if rounds else None
    found: dict[int, EntryStanding] = {}
    for entry in sorted(begun.entries.all(), key=lambda e: e.pk) if begun else ():
        found[entry.by_id] = EntryStanding(entry.by, entry)
    newest = versions[-1] if versions else None
    return FormKey(form, len(form.form_items.all()), newest, begun, list(found.values()))


@dataclass(frozen=True)
class KeyCell:
    """One place of a form as it is typed: its item, options, and the word that stands there."""

    place: int
    item: str
    options: str
    word: str
    is_open: bool = True


def key_cells(
    form: ExamForm, rows: Iterable[dict[str, Any]] | None, open_items: frozenset[str] | None = None
) -> list[KeyCell]:
    """The places of a form with the words of one's own entry; only `open_items` may be changed."""
    words = {row["item"]: word_of(row) for row in rows or ()}
    places = FormItem.objects.filter(form=form).select_related("item").order_by("position")
    return [
        KeyCell(
            place.position,
            place.item.code,
            place.item.options,
            words.get(place.item.code, ""),
            open_items is None or place.item.code in open_items,
        )
        for place in places
    ]


@dataclass(frozen=True)
class VersionChange:
    """One version of a key and the items in which it differs from the one before."""

    version: KeyVersion
    changes: list[tuple[str, str, str]]
    entries: list[KeyEntry]

    @property
    def differed(self) -> list[str]:
        """The items in which the first entries of the two people differed."""
        first = [entry.item_keys for entry in self.entries if entry.number == 1]
        if len(first) < 2:
            return []
        pairs = zip(first[0], first[1], strict=True)
        return [one["item"] for one, other in pairs if one != other]


def versions_of(form: ExamForm) -> list[VersionChange]:
    """Every version of a form's key, the newest first, with what it changed."""
    versions = list(
        KeyVersion.objects.filter(form=form).select_related("by", "signed_by").order_by("number")
    )
    entries: dict[int, list[KeyEntry]] = {}
    made = KeyEntry.objects.filter(round__key_version__in=versions).order_by("pk")
    for entry in made.select_related("by", "round"):
        entries.setdefault(entry.round.key_version_id or 0, []).append(entry)
    found, before = [], dict[str, str]()
    for version in versions:
        words = {row["item"]: word_of(row) for row in version.item_keys}
        changes = [
            (item, before[item], word)
            for item, word in words.items()
            if before and before.get(item, word) != word
        ]
        found.append(VersionChange(version, changes, entries.get(version.pk, [])))
        before = words
    return found[::-1]
