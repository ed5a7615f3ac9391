"""What the board and the declare screen know of other apps, which register it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity


@dataclass(frozen=True, slots=True)
class Learning:
    """Where the postmortem of an incident stands: words, kind of label, page."""

    text: str
    kind: str = ""
    url: str = ""


Find = Callable[["User", Sequence[int]], Mapping[int, Learning]]

_find: list[Find] = []


def set_learning(find: Find) -> None:
    """Name the function that gives it by incident id, in `AppConfig.ready()`."""
    _find[:] = [find]


def learning(user: User, incident_ids: Sequence[int]) -> Mapping[int, Learning]:
    """Give it by incident id; an incident without a postmortem is missing."""
    return _find[0](user, incident_ids) if _find and incident_ids else {}


@dataclass(frozen=True, slots=True)
class Mark:
    """How an incident hangs together with others: words, and the one that is meant."""

    words: str
    ref: str = ""
    url: str = ""


Marks = Callable[["User", Sequence[int]], Mapping[int, Sequence[Mark]]]

_marks: list[Marks] = []


def set_marks(find: Marks) -> None:
    """Name the function that gives them by incident id, in `AppConfig.ready()`."""
    _marks[:] = [find]


def marks(user: User, incident_ids: Sequence[int]) -> Mapping[int, Sequence[Mark]]:
    """Give how these incidents hang together with others that a person may know of."""
    return _marks[0](user, incident_ids) if _marks and incident_ids else {}


Paged = Callable[["User", Sequence[int]], Sequence[str]]

_paged: list[Paged] = []


def set_first_paged(find: Paged) -> None:
    """Name the function that gives who is asked first for these services, in `AppConfig.ready()`."""
    _paged[:] = [find]


def first_paged(user: User, service_ids: Sequence[int]) -> Sequence[str]:
    """Give the names of who is asked first when an incident of these services pages."""
    return _paged[0](user, service_ids) if _paged else ()


AskedFirst = Callable[["User", Sequence[int]], Mapping[int, Sequence[str]]]

_asked: list[AskedFirst] = []


def set_asked_first(find: AskedFirst) -> None:
    """Name the function that gives who is asked first for each of these services, in `AppConfig.ready()`."""
    _asked[:] = [find]


def asked_first(user: User, service_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Give the names of who is asked first, by service; one for which nobody is asked may be missing."""
    return _asked[0](user, service_ids) if _asked and service_ids else {}


@dataclass(frozen=True, slots=True)
class Alerted:
    """An open alert of a service that has words in common with what is typed."""

    title: str
    url: str


FindAlerted = Callable[["User", Sequence[str]], Mapping[int, Alerted]]

_alerted: list[FindAlerted] = []


def set_alerted(find: FindAlerted) -> None:
    """Name the function that finds open alerts by the beginnings of words, in `AppConfig.ready()`."""
    _alerted[:] = [find]


def alerted(user: User, stems: Sequence[str]) -> Mapping[int, Alerted]:
    """Give an open alert that this person may see and that has one of these words, by service."""
    return _alerted[0](user, stems) if _alerted and stems else {}


FindCommanders = Callable[["User"], Sequence["User"]]
OfferCommand = Callable[..., object]

_commanders: list[tuple[FindCommanders, OfferCommand]] = []


def set_commanders(find: FindCommanders, offer: OfferCommand) -> None:
    """Name what gives whose turn it is to command, and what offers it (incident, to, actor); in `AppConfig.ready()`."""
    _commanders[:] = [(find, offer)]


def commanders(user: User) -> Sequence[User]:
    """Give who could be offered command of a new incident, whose turn it is first."""
    return _commanders[0][0](user) if _commanders else ()


def offer_command(incident: Incident, *, to: User, actor: User) -> None:
    """Offer somebody command of an incident that was just declared."""
    if _commanders:
        _commanders[0][1](incident, to=to, actor=actor)


FindAsked = Callable[..., str]

_asked_to_command: list[FindAsked] = []


def set_asked_to_command(find: FindAsked) -> None:
    """Name what says who is asked to command at once (user, severity, drill), in `AppConfig.ready()`."""
    _asked_to_command[:] = [find]


def asked_to_command(user: User, severity: Severity, *, drill: bool) -> str:
    """Say who is asked to command at once, and as what; "" for nobody."""
    return _asked_to_command[0](user, severity, drill=drill) if _asked_to_command else ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What an incident is made of: words to begin with, and what makes it (with the arguments of `declare`).

    `is_asked`: people were paged about it already, and nobody else is.
    """

    label: str
    url: str
    title: str
    summary: str
    service_ids: Sequence[int]
    is_asked: bool
    declare: Callable[..., Incident]


FindOrigin = Callable[["User", int], "Origin | None"]

_origins: dict[str, FindOrigin] = {}


def add_origin(kind: str, find: FindOrigin) -> None:
    """Let incidents be declared from things of this kind, by their id; call it in `AppConfig.ready()`."""
    _origins[kind] = find


def origin(user: User, ref: str) -> Origin | None:
    """Give what `alert-12` names; None for what is absent, not visible, or part of an incident already."""
    kind, _, number = ref.partition("-")
    known = kind in _origins and number.isascii() and number.isdigit() and len(number) < 16
    return _origins[kind](user, int(number)) if known else None
