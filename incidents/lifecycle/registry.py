"""Whom one can ask for from an incident. On-call registers schedules, teams and policies; people are known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.accounts.models import Role, User
from core.errors import Refused

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import AnonymousUser

    from incidents.lifecycle.models import Incident

    Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody, or a group, that can be paged: `kind` is user, schedule, team or policy."""

    kind: str
    id: int
    slug: str
    name: str


Targets = Callable[["Person"], Sequence[Target]]


def _people(user: Person) -> list[Target]:
    found = (
        User.objects.visible_to(user).filter(is_active=True).exclude(role=Role.VIEWER).order_by("name", "id")
    )
    return [Target("user", person.pk, str(person.pk), str(person)) for person in found]


_kinds: dict[str, Targets] = {"user": _people}


def add_targets(kind: str, targets: Targets) -> None:
    """Let people page this kind of target, `schedule`, `team` or `policy`; call it in `AppConfig.ready()`."""
    _kinds[kind] = targets


def targets(user: Person) -> dict[str, Sequence[Target]]:
    """Give everything this person can page, by kind."""
    return {kind: find(user) for kind, find in _kinds.items()}


def find(user: Person, kind: str, ref: str) -> Target | None:
    """Give the target that a slug or an id names."""
    known = _kinds[kind](user) if kind in _kinds else ()
    return next((target for target in known if ref in (target.slug, str(target.id))), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Work that has to be done outside of an incident: one for each `key`; `about` and `path` say where it came from."""

    key: str
    title: str
    about: str
    path: str
    owner: User
    due_on: date
    kind: str = "detect"


KeepFollowUp = Callable[[FollowUp, User], str]

_follow_up: list[KeepFollowUp] = []


def set_follow_up(keep: KeepFollowUp) -> None:
    """Name the function that keeps it in the caller's transaction and gives its address; in `AppConfig.ready()`."""
    _follow_up[:] = [keep]


def follow_up(wanted: FollowUp, *, actor: User) -> str:
    """Have somebody do it, and give the address of that; empty where nothing keeps such work."""
    return _follow_up[0](wanted, actor) if _follow_up else ""


NoteRead = Callable[["Person", "Incident", str], None]

_note_read: list[NoteRead] = []


def set_reads(note: NoteRead) -> None:
    """Name the function that notes who looks at a private incident; call it in `AppConfig.ready()`."""
    _note_read[:] = [note]


def looked_at(user: Person, incident: Incident, *, way: str = "") -> None:
    """Say that a person is about to be shown this incident: as an `export`, else as they asked for it."""
    for note in _note_read:
        note(user, incident, way)


Hold = Callable[["Incident"], str]

_holds: list[tuple[Hold, str]] = []


class HeldOpen(Refused):
    """Something has to be undone, or kept on purpose, before the incident ends."""


def add_hold(hold: Hold, *, page: str) -> None:
    """Let something keep incidents open: its sentence says what has to be done first, "" lets go; `page` shows it."""
    _holds.append((hold, page))


def holding(incident: Incident) -> list[tuple[str, str]]:
    """Give each thing that keeps an incident open: what has to be done first, and the name of the page that shows it."""
    return [(said, page) for hold, page in _holds if (said := hold(incident))]


def held_by(incident: Incident) -> str:
    """Say what has to be done before an incident ends; "" where nothing keeps it open."""
    return " ".join(said for said, _ in holding(incident))


def let_go(incident: Incident) -> None:
    """Refuse to end an incident that something keeps open."""
    if said := held_by(incident):
        raise HeldOpen(said)


Ask = Callable[["Incident"], str]

_asks: list[Ask] = []


class AsksFirst(Refused):
    """Something goes on without the incident. Whoever ends it says that they know."""


def add_ask(ask: Ask) -> None:
    """Let something be asked before an incident ends: its half sentence says what goes on, "" asks nothing."""
    _asks.append(ask)


def asked(incident: Incident) -> list[str]:
    """Give what whoever ends an incident should know of."""
    return [said for ask in _asks if (said := ask(incident))]


End = Callable[["Incident", "User | None"], "Incident"]

_ends: list[End] = []


def set_end(end: End) -> None:
    """Name the function that resolves an incident with all that is asked then, in `AppConfig.ready()`."""
    _ends[:] = [end]


def end(incident: Incident, *, actor: User | None) -> Incident:
    """Resolve an incident because an update says so, inside the caller's transaction; refused while something lacks."""
    return _ends[0](incident, actor)
