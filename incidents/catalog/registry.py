"""What other features know of a service. They register it; the catalog stands below them and asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.catalog.models import Service


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is open on a service, as far as the reader may know."""

    ref: str
    title: str
    url: str
    severity: Any
    declared_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Situation:
    """How a service is doing for this reader."""

    state: str = "operational"
    incidents: Sequence[OpenIncident] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is asked first for a service now, until when, and who is next."""

    people: Sequence[User] = ()
    until: datetime | None = None
    following: Sequence[User] = ()


Situations = Callable[["User", Sequence[int]], Mapping[int, Situation]]
OnCall = Callable[["User", "Service", "datetime | None"], list[dict[str, Any]]]

_situations: list[Situations] = []
_on_call: list[OnCall] = []


def set_situations(find: Situations) -> None:
    """Name the function that gives the situation of services, in `AppConfig.ready()`."""
    _situations[:] = [find]


def situations(user: User, service_ids: Sequence[int]) -> Mapping[int, Situation]:
    """Give the situation of these services; one that is missing is fine."""
    return _situations[0](user, service_ids) if _situations else {}


def set_on_call(find: OnCall) -> None:
    """Name the function that gives who is on call for a service, in `AppConfig.ready()`."""
    _on_call[:] = [find]


def on_call(user: User, service: Service, at: datetime | None) -> list[dict[str, Any]]:
    """Give who is on call for a service, level by level."""
    return _on_call[0](user, service, at) if _on_call else []


class OnDuties(Protocol):
    """Gives who is asked first for services; with `after` until when, and who is next."""

    def __call__(
        self, user: User, service_ids: Sequence[int], *, after: bool = True
    ) -> Mapping[int, OnDuty]: ...


_on_duty: list[OnDuties] = []


def set_on_duty(find: OnDuties) -> None:
    """Name the function that gives who is asked first for services, in `AppConfig.ready()`."""
    _on_duty[:] = [find]


def on_duty(user: User, service_ids: Sequence[int], *, after: bool = True) -> Mapping[int, OnDuty]:
    """Give who is asked first for these services; one for which nobody is asked may be missing."""
    return _on_duty[0](user, service_ids, after=after) if _on_duty and service_ids else {}


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many items a service is asked about, how many of them are missing, and which, in a word or two each."""

    items: int = 0
    missing: int = 0
    words: Sequence[str] = ()


Readinesses = Callable[["User", Sequence["Service"]], Mapping[int, Readiness]]

_readiness: list[Readinesses] = []


def set_readiness(find: Readinesses) -> None:
    """Name the function that says how ready services are, in `AppConfig.ready()`."""
    _readiness[:] = [find]


def readiness(user: User, services: Sequence[Service]) -> Mapping[int, Readiness]:
    """Say how ready these services are."""
    return _readiness[0](user, services) if _readiness and services else {}


Coverages = Callable[[], Mapping[int, str]]

_coverages: list[Coverages] = []


def set_coverages(find: Coverages) -> None:
    """Name the function that says which hours a tier covers, in `AppConfig.ready()`."""
    _coverages[:] = [find]


def coverages() -> Mapping[int, str]:
    """Say by tier which hours are covered."""
    return _coverages[0]() if _coverages else {}


Changed = Any
"""A change of production as the feature that keeps them knows it."""

Changes = Callable[["User", "Service", int], Sequence[Changed]]

_changes: list[Changes] = []


def set_changes(find: Changes) -> None:
    """Name the function that gives the latest changes of a service, in `AppConfig.ready()`."""
    _changes[:] = [find]


def changes(user: User, service: Service, *, most: int) -> Sequence[Changed]:
    """Give what was changed on a service, latest first."""
    return _changes[0](user, service, most) if _changes else ()


@dataclass(frozen=True, slots=True)
class Written:
    """A runbook that is written here: its name and its page."""

    label: str
    url: str


Runbooks = Callable[["User", Sequence[int]], Mapping[int, Sequence[Written]]]

_runbooks: list[Runbooks] = []


def set_runbooks(find: Runbooks) -> None:
    """Name the function that gives the runbooks of services, in `AppConfig.ready()`."""
    _runbooks[:] = [find]


def runbooks(user: User, service_ids: Sequence[int]) -> Mapping[int, Sequence[Written]]:
    """Give the runbooks of these services; one without any may be missing."""
    return _runbooks[0](user, service_ids) if _runbooks and service_ids else {}
