from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404

from postmortems.action_items import rules
from postmortems.action_items.models import ActionItem, ActionItemQuerySet

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from core.accounts.models import User


def visible(user: User) -> ActionItemQuerySet:
    """Every action item a person may see, with its owner and incident, soonest first."""
    return (
        ActionItem.objects.visible_to(user)
        .select_related("owner", "postmortem__incident__severity")
        .order_by("due_on", "priority", "id")
    )


def board(user: User, *, today: date, mine: bool) -> dict[rules.Bucket, list[ActionItem]]:
    """Open items by due week, in the order of the groups; empty groups are left out."""
    items = visible(user).open()
    if mine:
        items = items.filter(owner=user)
    groups: dict[rules.Bucket, list[ActionItem]] = {name: [] for name in rules.Bucket}
    for item in items:
        groups[rules.bucket(item.due_on, today=today)].append(item)
    return {name: group for name, group in groups.items() if group}


def finished(user: User, *, limit: int = 50) -> list[ActionItem]:
    """The last items that were done, verified or dropped."""
    return list(
        visible(user).filter(status__in=["done", "verified", "dropped"]).order_by("-done_at", "-id")[:limit]
    )


def get(user: User, pk: int) -> ActionItem:
    """One item; 404 where absent or not visible."""
    return get_object_or_404(visible(user), pk=pk)


def open_of(user: User) -> ActionItemQuerySet:
    """The open items that a person owns."""
    return ActionItem.objects.open().filter(owner=user)


def ended(ids: Collection[int]) -> set[int]:
    """Which of these items need no reminder any more."""
    still_open = set(ActionItem.objects.open().filter(pk__in=ids).values_list("pk", flat=True))
    return set(ids) - still_open


def address(item: ActionItem) -> str:
    """The item's page for people."""
    return f"{settings.BASE_URL}/action-items/{item.pk}/"
