from __future__ import annotations

import tomllib
from pathlib import Path

from django.db import transaction

from incidents.lifecycle.models import RoleDefinition

SHIPPED = Path(__file__).parent.parent / "roles.toml"


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped roles; one that has roles keeps them."""
    if not RoleDefinition.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["role"]
        RoleDefinition.objects.bulk_create(RoleDefinition(**row) for row in rows)
