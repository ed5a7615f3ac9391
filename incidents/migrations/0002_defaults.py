"""A new install can declare an incident at once: the default scale, the roles, and the first wordings."""

import tomllib
from pathlib import Path

from django.db import migrations

FOLDER = Path(__file__).parent.parent


def install(apps, schema_editor):
    scale = tomllib.loads((FOLDER / "severities" / "presets" / "sev4.toml").read_text())
    severity = apps.get_model("incidents", "Severity")
    levels = {
        row["slug"]: severity.objects.create(rank=rank, **known(severity, row))
        for rank, row in enumerate(scale["level"], start=1)
    }
    question = apps.get_model("incidents", "Question")
    for row in scale["question"]:
        answers = {name: levels.get(row.get(name)) for name in ("if_yes", "if_no")}
        question.objects.create(**{**known(question, row), **answers})
    fill(apps.get_model("incidents", "RoleDefinition"), "lifecycle/roles.toml", "role")
    fill(apps.get_model("incidents", "UpdateTemplate"), "updates/templates.toml", "template")


def fill(model, path, name):
    rows = tomllib.loads((FOLDER / path).read_text())[name]
    model.objects.bulk_create(model(**known(model, row)) for row in rows)


def known(model, row):
    """The shipped files may know fields that later migrations bring."""
    fields = {field.name for field in model._meta.get_fields()}
    return {name: value for name, value in row.items() if name in fields}


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
