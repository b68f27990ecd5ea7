from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scoring', '0010_weights_decided_and_files_read_by_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='alikepair',
            name='log10_factor',
            field=models.FloatField(null=True, verbose_name='log₁₀ of the evidence for copying'),
        ),
        migrations.AddField(
            model_name='alikepair',
            name='strangers_alike',
            field=models.FloatField(null=True, verbose_name='share of strangers as alike'),
        ),
        migrations.AlterField(
            model_name='similarityrun',
            name='reach',
            field=models.CharField(choices=[('room', 'everyone in one room'), ('centre', 'everyone of one centre'), ('nation', 'everyone in the country'), ('beside', 'those who sat side by side')], default='centre', max_length=8, verbose_name='compared'),
        ),
    ]
