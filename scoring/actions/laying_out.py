"""The items of an exam form in their printed order, from a file."""

from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.models import User
from scheduling.models import ExamForm
from scoring.actions.items import NewItem, lay_out_form
from scoring.actions.key_entry import table_rows
from scoring.actions.reading import FAULTS
from scoring.errors import FormLaidOut, KeyUnreadable
from scoring.intake.lines import IntakeFault
from scoring.intake.order import read_order
from scoring.models import FormItem, Item

ORDER_FAULTS: Final[dict[str, str | Promise]] = {
    "order_place": _("“%(value)s” is not the next place; it should be %(wanted)s."),
    "order_item": _("“%(value)s” is not the code of an item."),
    "order_options": _("“%(value)s” is not a row of different options such as ABCDE."),
    "order_changed": _("item %(item)s has the options %(options)s in the bank, not %(value)s."),
}


@transaction.atomic
def lay_out_from_file(
    *, form: ExamForm, path: Path, by: User | None, at: datetime, name: str = ""
) -> list[FormItem]:
    """Lay an exam form out once, from a file with the columns place, item and options."""
    ExamForm.objects.select_for_update().get(pk=form.pk)
    if FormItem.objects.filter(form=form).exists():
        raise FormLaidOut(form=form.code)
    known = dict(Item.objects.filter(paper_id=form.paper_id).values_list("code", "options"))
    try:
        order = read_order(table_rows(path), known)
    except IntakeFault as fault:
        what = str((ORDER_FAULTS | FAULTS)[fault.code]) % fault.facts
        raise KeyUnreadable(
            name=name or path.name, row=fault.row or 1, column=fault.column or 1, what=what
        ) from fault
    items = [NewItem(item, options) for item, options in order]
    return lay_out_form(form=form, items=items, by=by, at=at)
