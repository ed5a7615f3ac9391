"""A new install knows from the beginning who may have to be told; whoever they are is put on the lists later."""

import tomllib
from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parent.parent / "audiences" / "audiences.toml"


def install(apps, schema_editor):
    lists, rules = (apps.get_model("incidents", name) for name in ("AudienceList", "AudienceRule"))
    levels = {row.rank: row for row in apps.get_model("incidents", "Severity").objects.filter(is_active=True)}
    for shipped in tomllib.loads(SHIPPED.read_text())["audience"]:
        told = shipped.pop("told", {})
        shipped.pop("page", None)  # there is no such column yet
        row = lists.objects.create(**shipped)
        rules.objects.bulk_create(
            rules(audience=row, severity=levels[int(rank)], kinds=kinds)
            for rank, kinds in told.items()
            if int(rank) in levels
        )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0008_audiences")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
