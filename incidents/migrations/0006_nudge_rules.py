"""A new install is told of silence, of standstill and of tired people from the first incident on."""

import tomllib
from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parent.parent / "nudges" / "nudges.toml"


def install(apps, schema_editor):
    rule = apps.get_model("incidents", "NudgeRule")
    rule.objects.bulk_create(rule(**row) for row in tomllib.loads(SHIPPED.read_text())["nudge"])


class Migration(migrations.Migration):
    dependencies = [("incidents", "0005_nudges")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
