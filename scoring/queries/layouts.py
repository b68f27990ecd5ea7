"""The printed order of an exam form, and exam forms that have none yet."""

from dataclasses import dataclass

from django.db.models import QuerySet

from scheduling.models import ExamForm
from scoring.models import FormItem


@dataclass(frozen=True)
class Place:
    """One place of an exam form. `others`: where the same item stands in other forms."""

    form_item: FormItem
    others: str


def form_layout(form: ExamForm) -> list[Place]:
    """Every place of an exam form in its order; empty where it has no items yet."""
    own = list(FormItem.objects.filter(form=form).select_related("item").order_by("position"))
    elsewhere = FormItem.objects.filter(item__form_items__form=form).exclude(form=form)
    others: dict[int, list[str]] = {}
    rows = elsewhere.order_by("form__code").values_list("item_id", "form__code", "position")
    for item, code, position in rows:
        others.setdefault(item, []).append(f"{code} {position}")
    return [Place(place, ", ".join(others.get(place.item_id, []))) for place in own]


def forms_without_items() -> QuerySet[ExamForm]:
    """Exam forms that nobody has laid out."""
    empty = ExamForm.objects.filter(form_items__isnull=True)
    return empty.select_related("paper__exam").order_by("paper_id", "code")
