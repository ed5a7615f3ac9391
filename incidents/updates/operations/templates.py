from __future__ import annotations

import tomllib
from pathlib import Path

from django.db import transaction

from incidents.updates.models import UpdateTemplate

SHIPPED = Path(__file__).parent.parent / "templates.toml"


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped templates; one that has templates keeps them."""
    if not UpdateTemplate.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["template"]
        UpdateTemplate.objects.bulk_create(UpdateTemplate(**row) for row in rows)
