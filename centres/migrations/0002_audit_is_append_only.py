"""The database refuses to change or remove an audit entry."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("centres", "0001_places_and_people")]
    operations = [protect("centres_auditentry")]
