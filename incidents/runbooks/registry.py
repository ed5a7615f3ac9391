"""What other apps know for runbooks. They register it in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert of an incident: what it is called, and its labels."""

    title: str
    labels: Mapping[str, object]


Alerts = Callable[["Incident"], Sequence[Fired]]

_alerts: list[Alerts] = []


def set_alerts(find: Alerts) -> None:
    """Name the function that gives the alerts of an incident."""
    _alerts[:] = [find]


def alerts(incident: Incident) -> Sequence[Fired]:
    """Give the alerts of an incident."""
    return _alerts[0](incident) if _alerts else ()
