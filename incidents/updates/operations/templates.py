"""Approved wording: written once in calm, filled from the incident when it is needed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from core.errors import Refused
from core.events import bus
from incidents.events import UpdateTemplateChanged
from incidents.updates import rules
from incidents.updates.models import Audience, UpdateTemplate

if TYPE_CHECKING:
    from core.accounts.models import User

SHIPPED = Path(__file__).parent.parent / "templates.toml"


class NotFilled(Refused):
    """A placeholder would stay empty, or carry something internal outside."""


class SameTemplate(Refused):
    """Each template has a name of its own."""


class TemplateChanged(Refused):
    """Somebody else changed the template in between; nothing of theirs was overwritten."""


@transaction.atomic
def add_template(*, actor: User | None, **given: Any) -> UpdateTemplate:
    """Keep a new wording."""
    row = UpdateTemplate(**given)
    _store(row)
    bus.emit(UpdateTemplateChanged(row.pk, row.name, "added"), actor=actor)
    return row


@transaction.atomic
def change_template(
    template: UpdateTemplate, *, actor: User | None, version: int | None = None, **given: Any
) -> UpdateTemplate:
    """Change what is given of a wording. Updates that began with it stay as they are."""
    row = UpdateTemplate.objects.select_for_update().get(pk=template.pk)
    if version is not None and row.version != version:
        raise TemplateChanged(
            "Somebody changed this template while you were writing. Look again before you save."
        )
    for name, value in given.items():
        setattr(row, name, value)
    row.version += 1
    _store(row)
    bus.emit(UpdateTemplateChanged(row.pk, row.name, "changed"), actor=actor)
    return row


@transaction.atomic
def remove_template(template: UpdateTemplate, *, actor: User | None) -> None:
    """Forget a wording."""
    bus.emit(UpdateTemplateChanged(template.pk, template.name, "removed"), actor=actor)
    UpdateTemplate.objects.filter(pk=template.pk).delete()


def _store(row: UpdateTemplate) -> None:
    public = row.audience == Audience.PUBLIC
    unknown = rules.unknown_placeholders(row.text, public=public)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in (rules.PUBLIC if public else rules.PLACEHOLDERS))
        raise NotFilled(f"Not filled for this audience: {', '.join(unknown)}. Use {known}.")
    if row.for_list is not None and row.for_list.hears != row.audience:
        raise NotFilled(f"{row.for_list} does not read {row.get_audience_display().lower()} updates.")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise SameTemplate("There is a template of this name already.") from error


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped templates; one that has templates keeps them."""
    if not UpdateTemplate.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["template"]
        UpdateTemplate.objects.bulk_create(UpdateTemplate(**row) for row in rows)
