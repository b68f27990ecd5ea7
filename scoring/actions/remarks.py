"""What members of the committee say about an item. Said once; never edited, never removed."""

from datetime import datetime

from django.db import transaction

from centres.common.audit import record
from centres.models import User
from scoring.errors import ReasonMissing
from scoring.models import AnalysisRun, FormItem, ItemRemark


@transaction.atomic
def add_remark(
    *, run: AnalysisRun, form_item: FormItem, text: str, by: User, at: datetime
) -> ItemRemark:
    """Keep a remark about an item with the analysis that was in view. ReasonMissing when empty."""
    said = text.strip()
    if not said:
        raise ReasonMissing
    remark = ItemRemark.objects.create(run=run, form_item=form_item, text=said, by=by, at=at)
    record(
        "add_remark",
        target=remark,
        by=by,
        at=at,
        item=form_item.item.code,
        form=form_item.form.code,
        text=said,
    )
    return remark
