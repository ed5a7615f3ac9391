from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.text import slugify

from core import live
from core.events import bus
from statuspage.components.models import Component, ComponentSpan, ComponentState, StatusPage
from statuspage.events import ComponentStateChanged

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.catalog.models import Service

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def public_id() -> str:
    """Twelve random characters of base 36, as Statuspage's clients know ids."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


@transaction.atomic
def create_page(*, name: str, slug: str, time_zone: str = "UTC", support_url: str = "") -> StatusPage:
    """Create an empty public page."""
    return StatusPage.objects.create(name=name, slug=slug, time_zone=time_zone, support_url=support_url)


@transaction.atomic
def add_component(
    page: StatusPage, *, name: str, description: str = "", service: Service | None = None
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
    return Component.objects.create(
        page=page,
        public_id=public_id(),
        slug=slug,
        name=name,
        description=description,
        service=service,
        position=0 if last is None else last + 1,
    )


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
