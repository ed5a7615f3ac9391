"""A new install has its first checklists; one that upgrades gets them as well, for incidents declared from then on."""

import tomllib
from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parent.parent / "tasks" / "checklists.toml"


def install(apps, schema_editor):
    checklist, step = apps.get_model("incidents", "Checklist"), apps.get_model("incidents", "ChecklistStep")
    for row in tomllib.loads(SHIPPED.read_text())["checklist"]:
        steps = row.pop("step")
        made = checklist.objects.create(**row)
        step.objects.bulk_create(
            step(checklist=made, position=place, **line) for place, line in enumerate(steps)
        )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_tasks")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
