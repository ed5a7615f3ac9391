"""People by name or team, as the search finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from core.people.directory import queries
from core.search.registry import Hit

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.search.rules import Query


def found(user: User, query: Query, most: int) -> list[Hit]:
    """People whose name or team has the words in it as they were typed."""
    rows = queries.search(user, text=" ".join(query.words))[:most]
    return [
        Hit(
            str(person),
            reverse("people:person", args=[person.pk]),
            ", ".join(membership.team.name for membership in person.memberships.all()),
        )
        for person in rows
    ]
