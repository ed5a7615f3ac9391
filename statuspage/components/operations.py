from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.text import slugify

from core import live
from core.events import bus
from statuspage.components.models import Component, ComponentSpan, ComponentState, StatusPage
from statuspage.events import ComponentStateChanged, PageChanged

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.catalog.models import Service

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def public_id() -> str:
    """Twelve random characters of base 36, as Statuspage's clients know ids."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


@transaction.atomic
def create_page(*, actor: User | None, **fields: Any) -> StatusPage:
    """Create an empty page; `fields` are name and slug, and where wanted time_zone, support_url and is_public."""
    page = StatusPage.objects.create(**fields)
    _changed(page, "created", actor=actor)
    return page


@transaction.atomic
def change_page(page: StatusPage, *, actor: User | None, **fields: Any) -> None:
    """Change name, time_zone, support_url or is_public. Its address stays: customers have it in their bookmarks."""
    for name, value in fields.items():
        setattr(page, name, value)
    page.save(update_fields=list(fields))
    _changed(page, "changed", actor=actor)


def _changed(page: StatusPage, what: str, *, actor: User | None) -> None:
    bus.emit(PageChanged(page.pk, what), actor=actor)
    live.changed("statuspage")


@transaction.atomic
def add_component(
    page: StatusPage, *, actor: User | None, name: str, description: str = "", service: Service | None = None
) -> Component:
    """Add a component at the end of a page, under the name its customers know."""
    StatusPage.objects.select_for_update().get(pk=page.pk)
    last = page.components.aggregate(last=Max("position"))["last"]
    base = slugify(name)[:50] or "component"
    taken = set(page.components.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = (
        base
        if base not in taken
        else next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)
    )
    component = Component.objects.create(
        page=page,
        public_id=public_id(),
        slug=slug,
        name=name,
        description=description,
        service=service,
        position=0 if last is None else last + 1,
    )
    _changed(page, "component added", actor=actor)
    return component


@transaction.atomic
def set_state(component: Component, *, state: str, actor: User | None) -> bool:
    """Show a component in another state; True when it changed. Its history keeps the stretch it was not operational."""
    locked = Component.objects.select_for_update().get(pk=component.pk)
    if locked.state == state:
        return False
    Component.objects.filter(pk=component.pk).update(state=state, updated_at=Now())
    ComponentSpan.objects.filter(component=locked, end=None).update(end=Now())
    if state != ComponentState.OPERATIONAL:
        ComponentSpan.objects.create(component=locked, state=state)
    bus.emit(ComponentStateChanged(component.pk, locked.state, state), actor=actor)
    live.changed("statuspage")
    component.refresh_from_db()
    return True
