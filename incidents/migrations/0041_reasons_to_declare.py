import tomllib
from pathlib import Path

from django.db import migrations, models

REASONS = Path(__file__).parent.parent / "severities" / "reasons.toml"


def install(apps, schema_editor):
    """What is enough to declare, as it is shipped; a later column of the file is not known here."""
    model = apps.get_model("incidents", "ReasonToDeclare")
    known = {field.name for field in model._meta.get_fields()}
    rows = tomllib.loads(REASONS.read_text())["reason"]
    model.objects.bulk_create(
        model(**{name: value for name, value in row.items() if name in known}) for row in rows
    )


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0040_security'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReasonToDeclare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=120, unique=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name_plural': 'reasons to declare',
                'ordering': ['position', 'id'],
            },
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
