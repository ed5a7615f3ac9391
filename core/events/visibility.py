"""Who may read which events. An app says it in `AppConfig.ready()`; the rest is for admins alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from core.events import bus
from core.events.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet

    Subjects = Callable[[Any], QuerySet[Any]]

_subjects: dict[str, Subjects] = {}


def register(name: str, subjects: Subjects) -> None:
    """Show events to whom `subjects(user)` holds their subject: those of a noun, or one by its full name."""
    _subjects[name] = subjects


def visible_to(user: AbstractBaseUser) -> QuerySet[Event]:
    """Give the events about things that a person may see."""
    shown = Q(pk__in=[])
    for about, names in _by_subjects().items():
        shown |= Q(name__in=names) & _among(about(user))
    return Event.objects.filter(shown)


def auditable_by(user: AbstractBaseUser) -> QuerySet[Event]:
    """Give every event but those about things that are hidden even from this admin, as private incidents are."""
    hidden = Q(pk__in=[])
    for about, names in _by_subjects().items():
        hidden |= Q(name__in=names) & ~_among(about(user))
    return Event.objects.exclude(hidden)


def of(name: str) -> Subjects | None:
    """Give who decides about an event; None where admins alone read it."""
    return _subjects.get(name) or _subjects.get(name.partition(".")[0])


def _by_subjects() -> dict[Subjects, list[str]]:
    found: dict[Subjects, list[str]] = {}
    for name in sorted(bus.REGISTRY):
        if (about := of(name)) is not None:
            found.setdefault(about, []).append(name)
    return found


def _among(subjects: QuerySet[Any]) -> Q:
    return Q(Exists(subjects.order_by().filter(pk=OuterRef("subject_id"))))
