"""Where the texts of an incident lie: each app says it in `AppConfig.ready()`, so that a redacted one is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.events.models import Event
from incidents.privacy import rules

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from incidents.lifecycle.models import Incident


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table and the columns in which people or programs write.

    What is not its own may be of other incidents as well: how often a text stands there is told to nobody, and it goes
    from there only once it stood in what is this incident's own. `without` takes a text out of one of its values.
    """

    rows: QuerySet[Any]
    columns: Sequence[str]
    is_own: bool = True
    without: Callable[[Any, str], Any] = rules.without


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages of one client of the outbox about these subjects, wherever they lie by now."""

    client: str
    subject_ids: Sequence[int]
    is_own = True


Find = Callable[["Incident", str], Iterable[tuple[str, Rows | Sent]]]

_holders: dict[str, Find] = {}


def hold(app: str, find: Find) -> None:
    """Let `find(incident, text)` give where an app keeps texts of an incident, each with what people call it."""
    _holders[app] = find


def holders(incident: Incident, text: str) -> Iterable[tuple[str, Rows | Sent]]:
    """Give everything in which a text of an incident may stand."""
    for find in _holders.values():
        yield from find(incident, text)


def events(noun: str, subject_ids: Iterable[int]) -> Rows:
    """Give what the audit log holds about these subjects."""
    found = Event.objects.filter(name__startswith=f"{noun}.", subject_id__in=list(subject_ids))
    return Rows(found, ("payload",))
