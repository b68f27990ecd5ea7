"""Writing the item bank: items from a file, all or none, and a blueprint as a new version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.models import User
from scheduling.models import Paper
from scoring.actions.items import NewItem, digest_of
from scoring.bank_file import NewCell
from scoring.errors import ItemWasGiven, ReasonMissing
from scoring.models import Blueprint, BlueprintRow, Item, ItemStatistic

CHANGEABLE = (
    "standard_th", "standard_en", "competency_th", "competency_en", "text_th", "text_en", "options",
)  # fmt: skip
WORDS = ("text_th", "text_en", "options")  # what people have read cannot be written anew


@dataclass(frozen=True)
class BankChange:
    """What taking in a file did: items by what became of them."""

    new: int
    changed: int
    same: int


@transaction.atomic
def take_in_items(
    *, paper: Paper, items: Sequence[NewItem], digest: str, by: User, at: datetime
) -> BankChange:
    """Add the items of a file to a paper's bank and bring known ones up to date, all or none.

    The words and options of an item that people have answered stay: ItemWasGiven names the first.
    """
    known = {item.code: item for item in Item.objects.select_for_update().filter(paper=paper)}
    given = _given(paper)
    fresh, altered = [], []
    for new in items:
        old = known.get(new.code)
        if old is None:
            fresh.append(Item(paper=paper, **vars(new)))
            continue
        different = [name for name in CHANGEABLE if getattr(old, name) != getattr(new, name)]
        if old.pk in given and set(different) & set(WORDS):
            raise ItemWasGiven(item=old.code)
        if different:
            for name in different:
                setattr(old, name, getattr(new, name))
            altered.append(old)
    Item.objects.bulk_create(fresh)
    Item.objects.bulk_update(altered, CHANGEABLE, batch_size=200)
    change = BankChange(len(fresh), len(altered), len(items) - len(fresh) - len(altered))
    record(
        "take_in_items",
        target=paper,
        by=by,
        at=at,
        file=digest,
        items=digest_of([vars(item) for item in items]),
        **vars(change),
    )
    return change


def _given(paper: Paper) -> set[int]:
    """The items of a paper that an analysis of real sheets has seen."""
    seen = ItemStatistic.objects.filter(form_item__item__paper=paper)
    return set(seen.values_list("form_item__item_id", flat=True).distinct())


@transaction.atomic
def set_blueprint(
    *, paper: Paper, cells: Sequence[NewCell], reason: str, by: User | None, at: datetime
) -> Blueprint:
    """Store a blueprint as the next version for a paper. Older versions stay as they are."""
    if not reason.strip():
        raise ReasonMissing
    Paper.objects.select_for_update().get(pk=paper.pk)  # two authors take turns
    newest = Blueprint.objects.filter(paper=paper).aggregate(newest=Max("number"))["newest"] or 0
    blueprint = Blueprint.objects.create(
        paper=paper, number=newest + 1, reason=reason.strip(), by=by, at=at
    )
    BlueprintRow.objects.bulk_create(
        BlueprintRow(blueprint=blueprint, position=place, **vars(cell))
        for place, cell in enumerate(cells, 1)
    )
    record(
        "set_blueprint",
        target=paper,
        by=by,
        at=at,
        version=blueprint.number,
        rows=len(cells),
        digest=digest_of([vars(cell) for cell in cells]),
        reason=blueprint.reason,
    )
    return blueprint
