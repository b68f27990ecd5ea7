"""The incidents of rooms take the place, and the name, of the table they were copied from."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("proctoring", "0005_incidents_of_rooms")]

    operations = [
        migrations.DeleteModel("Incident"),
        migrations.RenameModel("RoomIncident", "Incident"),
    ]
