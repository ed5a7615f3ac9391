"""Who may read which events. An app says it for its names in `AppConfig.ready()`; the rest is for admins
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from core.events.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet

_subjects: dict[str, Callable[[Any], QuerySet[Any]]] = {}


def register(noun: str, subjects: Callable[[Any], QuerySet[Any]]) -> None:
    """Show the events `noun.…` to whom `subjects(user)` holds their subject."""
    _subjects[noun] = subjects


def visible_to(user: AbstractBaseUser) -> QuerySet[Event]:
    """Give the events about things that a person may see."""
    shown = Q(pk__in=[])
    for noun in _subjects:
        shown |= _about(noun, user)
    return Event.objects.filter(shown)


def auditable_by(user: AbstractBaseUser) -> QuerySet[Event]:
    """Give every event but those about things that are hidden even from this admin, as private incidents are."""
    hidden = Q(pk__in=[])
    for noun in _subjects:
        hidden |= Q(name__startswith=f"{noun}.") & ~_about(noun, user)
    return Event.objects.exclude(hidden)


def _about(noun: str, user: AbstractBaseUser) -> Q:
    subjects = _subjects[noun](user).order_by()
    return Q(Q(name__startswith=f"{noun}.") & Exists(subjects.filter(pk=OuterRef("subject_id"))))
