from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0009_refused_sessions_and_seat_requests'),
    ]

    operations = [
        migrations.AddField(
            model_name='roomsession',
            name='shut_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='not used since'),
        ),
    ]
