"""Facts that others know of a service. They register them; readiness stands below them and asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.readiness.rules import Fact, Item

Facts = Callable[["User", Sequence["Service"]], Mapping["Item", Mapping[int, "Fact"]]]

_facts: list[Facts] = []


def add_facts(find: Facts) -> None:
    """Name a function that gives facts of services by item, in `AppConfig.ready()`; anew replaces nothing else."""
    if find not in _facts:
        _facts.append(find)


def facts(user: User, services: Sequence[Service]) -> dict[Item, Mapping[int, Fact]]:
    """Give what all of them know."""
    found: dict[Item, Mapping[int, Fact]] = {}
    for find in _facts:
        found |= find(user, services)
    return found
