import tomllib
from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

CHECKS = Path(__file__).parent.parent / "security" / "checks.toml"


def install(apps, schema_editor):
    """What keeps a matter of security open, as it is shipped; a later column of the file is not known here."""
    model = apps.get_model("incidents", "SecurityCheck")
    known = {field.name for field in model._meta.get_fields()}
    rows = tomllib.loads(CHECKS.read_text())["check"]
    model.objects.bulk_create(
        model(**{name: value for name, value in row.items() if name in known}) for row in rows
    )


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0039_commander_at_once'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SecurityCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=40, unique=True)),
                ('text', models.CharField(max_length=120)),
                ('hint', models.CharField(blank=True, max_length=200)),
                ('from_rank', models.PositiveSmallIntegerField(blank=True, help_text='Asked at this rank and worse ones. Empty: at every level.', null=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='SecurityTrack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begun_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_because', models.TextField(blank=True)),
                ('begun_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='security_track', to='incidents.incident')),
                ('lead', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SecurityItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=40)),
                ('text', models.CharField(max_length=120)),
                ('hint', models.CharField(blank=True, max_length=200)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('state', models.CharField(choices=[('open', 'Open'), ('done', 'Done'), ('not_needed', 'Not needed')], default='open', max_length=10)),
                ('words', models.TextField(blank=True, help_text='What was done, or why it is not needed.')),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='security_items', to='incidents.incident')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.UniqueConstraint(fields=('incident', 'slug'), name='security_item_once'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'open')), models.Q(models.Q(('words', ''), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='security_item_has_words')],
            },
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
