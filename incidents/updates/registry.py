"""What the composer needs to know of the public outlet. The status page registers one; the hub imports no spoke."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


@dataclass(frozen=True, slots=True)
class Part:
    """A component that an update may speak of, and what customers see of it now."""

    id: str
    name: str
    state: str
    page: str
    affected: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a public update of an incident goes: pages, components, how many people are told."""

    parts: Sequence[Part] = ()
    states: Sequence[tuple[str, str]] = ()
    recipients: int = 0
    pages: Sequence[tuple[str, str]] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """One page as customers will see the update on it."""

    page: str
    title: str
    stage: str
    body: str
    parts: Sequence[tuple[str, str]] = field(default_factory=tuple)


class PublicOutlet(Protocol):
    """What the status page tells the composer."""

    def outlook(self, incident: Incident) -> Outlook:
        """Give the pages, components and readers of this incident."""
        ...

    def check(self, components: Mapping[str, str]) -> None:
        """Raise `core.errors.Refused` for a component or a state that does not exist."""
        ...

    def preview(
        self, incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
    ) -> Sequence[Preview]:
        """Show the update as it would stand on each page."""
        ...

    def has_parts(self) -> bool:
        """Say whether there is a page on which anything could be said."""
        ...

    def first_shown(self, incident: Incident) -> datetime | None:
        """Give when customers first read of this incident; None where they have not."""
        ...


Gate = Callable[["Incident", str, "User | None"], None]

_gates: list[Gate] = []


def set_gate(gate: Gate) -> None:
    """Name what holds up an update that somebody else must look at first, in `AppConfig.ready()`; it raises."""
    _gates[:] = [gate]


def pass_gate(incident: Incident, audience: str, actor: User | None) -> None:
    """Raise where somebody else must look at it first."""
    for gate in _gates:
        gate(incident, audience, actor)


_outlets: list[PublicOutlet] = []


def set_public_outlet(outlet: PublicOutlet) -> None:
    """Name the outlet, in `AppConfig.ready()`."""
    _outlets[:] = [outlet]


def public_outlet() -> PublicOutlet | None:
    """Give the outlet; None where nothing public is installed."""
    return _outlets[0] if _outlets else None
