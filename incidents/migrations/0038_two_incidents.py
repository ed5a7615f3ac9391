
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0037_readiness'),
    ]

    operations = [
        migrations.AddField(
            model_name='severity',
            name='two_incidents',
            field=models.CharField(choices=[('free', 'Allowed'), ('flagged', 'Allowed, and the room says so'), ('blocked', 'Not allowed')], default='flagged', max_length=8, verbose_name='one person commands another incident as well'),
        ),
    ]
