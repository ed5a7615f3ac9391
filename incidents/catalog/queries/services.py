from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q
from django.http import Http404

from core.accounts.models import User
from incidents.catalog.models import Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet


def services(user: User | AnonymousUser, *, search: str = "", retired: bool = False) -> QuerySet[Service]:
    """Give the services a person may know of, most critical first, found by words of name or description."""
    found = Service.objects.visible_to(user).select_related("team").order_by("tier", "name")
    if not retired:
        found = found.active()
    for word in search.split()[:5]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(description__icontains=word)
            | Q(team__name__icontains=word)
        )
    return found


def experts(of: Sequence[Service]) -> dict[int, list[User]]:
    """Give who is named as knowing these services, by service; one for which nobody is named is missing."""
    rows = Service.objects.filter(pk__in=[row.pk for row in of]).prefetch_related(
        Prefetch("experts", User.objects.active().order_by("name"))
    )
    return {row.pk: list(row.experts.all()) for row in rows if row.experts.all()} if of else {}


def get(user: User | AnonymousUser, slug: str) -> Service:
    """Give one service; absent and invisible are the same 404."""
    found = services(user, retired=True).filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such service.")
    return found
