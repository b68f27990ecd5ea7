"""The database itself refuses to change or remove a remark, or what a blueprint once asked for."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("scoring", "0006_bank_remarks_and_groups")]

    operations = [
        protect("scoring_itemremark"),
        protect("scoring_blueprint"),
        protect("scoring_blueprintrow"),
    ]
