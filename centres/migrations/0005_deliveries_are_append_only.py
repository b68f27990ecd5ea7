"""The database refuses to change or remove what is known of a delivery."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("centres", "0004_integrity_officers")]
    operations = [protect("centres_delivery")]
