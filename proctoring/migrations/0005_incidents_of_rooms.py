"""An incident is known by its room and its id; ids are made by devices, and two may agree."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

COPIED = ("event_id", "seq", "kind", "note", "opened_at", "is_open", "booking_id", "room_session_id")
KINDS = [
    ("phone", "phone found"), ("note_found", "written notes found"), ("talking", "talking"),
    ("ill", "unwell"), ("noise", "noise"), ("power", "power or light failed"),
    ("paper", "fault in the papers"), ("identity", "identity in doubt"),
    ("help", "room calls the chief"), ("other", "something else"),
]


def copy(source: str, target: str) -> Any:
    def run(apps: Any, editor: Any) -> None:
        old, new = apps.get_model("proctoring", source), apps.get_model("proctoring", target)
        new.objects.bulk_create(
            (new(**row) for row in old.objects.values(*COPIED).iterator()), batch_size=500
        )

    return run


FIELDS = [
    ("seq", models.PositiveIntegerField(verbose_name="number")),
    ("kind", models.CharField(choices=KINDS, max_length=12, verbose_name="kind")),
    ("note", models.TextField(blank=True, verbose_name="what was seen and done")),
    ("opened_at", models.BigIntegerField(verbose_name="opened at")),
    ("is_open", models.BooleanField(db_index=True, default=True, verbose_name="open")),
]


def place(name: str, **more: Any) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name="incidents",
        to=f"scheduling.{name}", **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("proctoring", "0004_first_epoch"), ("scheduling", "0001_before_the_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="RoomIncident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=36, verbose_name="id")),
                *FIELDS,
                ("booking", place("booking", null=True, verbose_name="booking")),
                ("room_session", place("roomsession", db_index=False, verbose_name="room session")),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "constraints": [
                    models.UniqueConstraint(fields=("room_session", "event_id"), name="one_incident_per_room_and_id"),
                ],
            },
        ),
        migrations.RunPython(copy("Incident", "RoomIncident"), copy("RoomIncident", "Incident")),
    ]
