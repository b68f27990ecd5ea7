"""The database itself refuses to change or remove a key or a score: a correction is a new run."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("scoring", "0001_after_the_day")]

    operations = [
        protect("scoring_keyversion"),
        protect("scoring_rawscore"),
        protect("scoring_candidatescore"),
    ]
