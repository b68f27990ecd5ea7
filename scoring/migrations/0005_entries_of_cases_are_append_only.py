"""The database itself refuses to change or remove what people said in a case, or their measures."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("scoring", "0004_calibrations_and_integrity")]

    operations = [protect("scoring_caseentry"), protect("scoring_personmeasure")]
