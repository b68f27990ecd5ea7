"""A database is born with the name of its first life."""

import uuid
from typing import Any

from django.db import migrations


def begin(apps: Any, editor: Any) -> None:
    apps.get_model("proctoring", "LedgerEpoch").objects.create(epoch=uuid.uuid4())


def end(apps: Any, editor: Any) -> None:
    apps.get_model("proctoring", "LedgerEpoch").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("proctoring", "0003_say_that_an_exam_runs")]

    operations = [migrations.RunPython(begin, end)]
