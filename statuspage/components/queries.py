from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from statuspage.components.models import Component, StatusPage

if TYPE_CHECKING:
    from collections.abc import Collection


def pages() -> QuerySet[StatusPage]:
    """Every page with its number of components and of those not operational."""
    return StatusPage.objects.annotate(
        parts=Count("components", distinct=True),
        troubled=Count("components", filter=~Q(components__state="operational"), distinct=True),
    ).order_by("name")


def page(slug: str) -> StatusPage:
    """One page with its components; 404 where absent."""
    return get_object_or_404(StatusPage.objects.prefetch_related("components__service"), slug=slug)


def component(slug: str, public_id: str) -> Component:
    """One component of a page; 404 where absent."""
    return get_object_or_404(Component.objects.select_related("page"), page__slug=slug, public_id=public_id)


def components_for(service_ids: Collection[int]) -> list[Component]:
    """The components that stand for these services, on all pages; every component when none does."""
    rows = list(Component.objects.select_related("page").order_by("page__name", "position", "id"))
    return [row for row in rows if row.service_id in service_ids] or rows


def components() -> QuerySet[Component]:
    """Every component with its page and service."""
    return Component.objects.select_related("page", "service").order_by("page_id", "position", "id")


def address(page: StatusPage) -> str:
    """The page as anybody reads it."""
    return f"{settings.BASE_URL}/status/{page.slug}/"
