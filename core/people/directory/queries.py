from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from core.accounts.models import Membership, Role, User
from core.accounts.policy import Verb, can

if TYPE_CHECKING:
    from django.db.models import QuerySet


def people(viewer: User) -> QuerySet[User]:
    """Give the people a person may know of, by name, with their teams; admins also see accounts switched off."""
    teams = Membership.objects.select_related("team").order_by("team__name")
    found = (
        User.objects.visible_to(viewer)
        .prefetch_related(Prefetch("memberships", teams))
        .order_by("name", "id")
    )
    return found if can(viewer, Verb.ADMIN) else found.filter(is_active=True)


def search(viewer: User, *, text: str = "", role: str = "") -> QuerySet[User]:
    """Give the people whose name or team has this text in it; for admins also the e-mail."""
    found = people(viewer)
    if role in Role.values:
        found = found.filter(role=role)
    text = text.strip().replace("\x00", "")
    if not text:
        return found
    fits = Q(name__icontains=text) | Q(teams__name__icontains=text)
    if can(viewer, Verb.ADMIN):
        fits |= Q(email__icontains=text)
    return found.filter(fits).distinct()
