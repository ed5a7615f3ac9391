"""What a file would make of the catalog: worked out from both, and nothing kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from core.accounts.models import Team
from core.accounts.policy import Verb, can, managed_teams
from incidents.catalog.models import Service
from incidents.inventory import rules
from incidents.inventory.rules import refs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from incidents.inventory.rules import Entry, Ref

ORDER = ("service", "component", "resource", "api", "system")
"""Who gets the address and the name where several of one file want them."""
WORDS = {
    "name": "name",
    "kind": "kind",
    "description": "description",
    "customers_say": "what customers would say",
    "tier": "tier",
    "is_being_replaced": "being replaced",
    "is_active": "in use",
}


class What(StrEnum):
    """What becomes of an entry."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(slots=True)
class Step:
    """One entry of the file: what becomes of it, in words, and what of it is left out."""

    entry: Entry
    what: What = What.SAME
    name: str = ""
    slug: str = ""
    says: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    service: Service | None = None
    team: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)

    @property
    def is_done(self) -> bool:
        """Whether it does something."""
        return self.what in (What.NEW, What.CHANGED)

    def refuse(self, *reasons: str) -> None:
        """Let nothing become of it."""
        self.what, self.says = What.REFUSED, [*reasons]


@dataclass(frozen=True, slots=True)
class Plan:
    """All of the file, in its order."""

    steps: Sequence[Step]

    @property
    def fingerprint(self) -> str:
        """Tell whether a plan is the one that somebody saw."""
        said = [
            (step.entry.line, step.what.value, step.slug, step.says, step.left_out) for step in self.steps
        ]
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Count what becomes of the entries."""
        return {what.value: sum(step.what is what for step in self.steps) for what in What}

    @property
    def does_something(self) -> bool:
        """Whether importing it changes anything."""
        return any(step.is_done for step in self.steps)


class _No(Exception):
    """Why nothing becomes of an entry."""


@dataclass(slots=True)
class _Here:
    """What there is: teams and services that the file may mean, and what this person may change."""

    teams: dict[str, str]
    by_origin: dict[str, Service]
    by_slug: dict[str, Service]
    names: dict[str, str]
    is_admin: bool
    managed: set[str]
    taken: set[str] = field(default_factory=set)

    def may(self, team: str) -> bool:
        return self.is_admin or team in self.managed

    def find(self, ref: Ref) -> Service | None:
        """Give the service that came from this entity, or else the one of its address that came from nowhere."""
        if found := self.by_origin.get(str(ref)):
            return found
        at = self.by_slug.get(ref.slug)
        is_its = at is not None and (refs.is_plain(ref) or not (at.origin or at.slug in self.taken))
        return at if is_its else None


def plan(document: str, *, actor: User, team: Team | None = None) -> Plan:
    """Work out what a file would do; entries without a known owner go to `team`, if one is given."""
    entries = rules.read(document)
    here = _here(entries, actor)
    steps = {id(entry): Step(entry, name=entry.given.name or entry.ref.name) for entry in entries}
    for entry in entries:
        steps[id(entry)].left_out = list(entry.left_out)
        if entry.wrong:
            steps[id(entry)].refuse(*entry.wrong)
        elif entry.is_team:
            _team(steps[id(entry)], here)
    rows = [steps[id(entry)] for entry in entries if not entry.is_team and not entry.wrong]
    for step in sorted(rows, key=lambda step: (ORDER.index(step.entry.ref.kind), step.entry.line)):
        try:
            _place(step, here, fallback=team.slug if team else "")
        except _No as reason:
            step.refuse(str(reason))
    _relate([step for step in rows if step.what is not What.REFUSED], here)
    return Plan([steps[id(entry)] for entry in entries])


def _here(entries: Sequence[Entry], actor: User) -> _Here:
    named = {ref for entry in entries for ref in (entry.ref, *entry.needs, *entry.needed_by)}
    slugs = {ref.slug for ref in named} | {f"{ref.slug[:50]}-{ref.kind}" for ref in named}
    names = {name for entry in entries if (name := entry.given.name)}
    wanted = Q(origin__in=[str(ref) for ref in named]) | Q(slug__in=slugs) | Q(name__in=_either(names))
    known = list(
        Service.objects.visible_to(actor)
        .filter(wanted)
        .select_related("team")
        .prefetch_related("depends_on", "links")
    )
    return _Here(
        teams={row.slug: row.name for row in Team.objects.visible_to(actor)},
        by_origin={row.origin: row for row in known if row.origin},
        by_slug={row.slug: row for row in known},
        names={row.name: row.slug for row in known},
        is_admin=can(actor, Verb.ADMIN),
        managed={row.slug for row in managed_teams(actor)},
    )


def _either(names: set[str]) -> list[str]:
    return [*names, *(f"{name} ({kind})" for name in names for kind in ORDER)]


def _team(step: Step, here: _Here) -> None:
    step.slug = step.entry.ref.slug
    if step.slug in here.teams:
        return
    if not here.is_admin:
        step.refuse(f"There is no team “{step.slug}”, and admins make teams.")
    elif step.name.casefold() in {name.casefold() for name in here.teams.values()}:
        step.refuse(f"There is a team “{step.name}” already, with another address than “{step.slug}”.")
    else:
        step.what, step.says = What.NEW, ["a team"]
        here.teams[step.slug] = step.name


def _place(step: Step, here: _Here, *, fallback: str) -> None:
    """Find the service that an entry means, or an address, a name and an owner for a new one."""
    entry, found = step.entry, here.find(step.entry.ref)
    step.slug = _address(entry.ref, found, here)
    name = _free_name(step, here)
    if name is None:
        raise _No(f"There is another service “{entry.given.name or step.name}” already.")
    step.service, step.team, step.name = found, _owner(step, found, here, fallback=fallback), name
    _change(step)
    here.names[name] = step.slug
    row = found or Service(slug=step.slug, name=name)
    if not refs.is_plain(entry.ref):
        here.by_origin[str(entry.ref)] = row
        here.taken.add(step.slug)
    here.by_slug[step.slug] = row


def _address(ref: Ref, found: Service | None, here: _Here) -> str:
    if found is not None:
        return found.slug
    wanted = f"{ref.slug[:50]}-{ref.kind}" if ref.slug in here.by_slug else ref.slug
    if not wanted or wanted in here.by_slug:
        raise _No(f"Its address “{wanted or ref}” is another service's.")
    return wanted


def _owner(step: Step, found: Service | None, here: _Here, *, fallback: str) -> str:
    """Give the team that owns it: as the file says, else as it is, else the one that was chosen."""
    said = step.entry.owner or ""
    if said and said not in here.teams:
        if not fallback:
            raise _No(f"There is no team “{said}”.")
        step.left_out.append(f"its owner “{said}”, as there is no such team: it goes to {fallback}")
        said = fallback
    team = said or (found.team.slug if found else fallback)
    if not team:
        raise _No("It names no owner, and no team was chosen for those without one.")
    for whose in (team, found.team.slug if found else team):
        if not here.may(whose):
            raise _No(f"Only managers of the team “{whose}” may write its services.")
    return team


def _free_name(step: Step, here: _Here) -> str | None:
    """Give the name that it has from now on: the one it wants, or that with its kind where another has it."""
    wanted = step.entry.given.name or (
        here.by_slug[step.slug].name if step.slug in here.by_slug else step.name
    )
    others = [wanted] if refs.is_plain(step.entry.ref) else [wanted, f"{wanted[:60]} ({step.entry.ref.kind})"]
    return next((name for name in others if here.names.get(name, step.slug) == step.slug), None)


def _change(step: Step) -> None:
    said = step.entry.given.said() | {"name": step.name}
    if not refs.is_plain(step.entry.ref):
        said["origin"] = str(step.entry.ref)
    if step.service is None:
        step.what, step.changes = What.NEW, said
        step.says = [f"a service of {step.team}"]
        return
    step.changes = {name: value for name, value in said.items() if getattr(step.service, name) != value}
    step.says = [
        f"{WORDS[name]}: {_short(getattr(step.service, name))} becomes {_short(value)}"
        for name, value in step.changes.items()
        if name in WORDS
    ]
    if "origin" in step.changes:
        step.says.append(f"it is {step.entry.ref} from now on")
    if step.service.team.slug != step.team:
        step.says.append(f"owner: {step.service.team.slug} becomes {step.team}")
    step.what = What.CHANGED if step.says else What.SAME


def _relate(steps: Sequence[Step], here: _Here) -> None:
    """Work out dependencies and links, those included that another entry says of one."""
    added = _needs(steps, here)
    for step in steps:
        had = {row.slug for row in step.service.depends_on.all()} if step.service else set()
        replaces = step.entry.is_whole and step.entry.says_needs
        step.needs = added[step.slug] if replaces else had | added[step.slug]
        _say(step, "needs", sorted(step.needs - had), sorted(had - step.needs))
        _links(step)
        if step.what is What.SAME and step.says:
            step.what = What.CHANGED


def _needs(steps: Sequence[Step], here: _Here) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {step.slug: set() for step in steps}
    for step in steps:
        for ref in step.entry.needs:
            other = here.find(ref)
            if other is None or other.slug == step.slug:
                why = "which is itself" if other else "which is neither here nor in the file"
                step.left_out.append(f"that it needs {_named(ref)}, {why}")
            else:
                found[step.slug].add(other.slug)
        for ref in step.entry.needed_by:
            other = here.find(ref)
            if other is None or other.slug == step.slug or other.slug not in found:
                step.left_out.append(f"that {_named(ref)} needs it, which is not in the file")
            else:
                found[other.slug].add(step.slug)
    return found


def _links(step: Step) -> None:
    had = [(row.kind, row.label, row.url) for row in step.service.links.all()] if step.service else []
    said = [(row.kind, row.label, row.url) for row in step.entry.links]
    if step.entry.is_whole:
        wanted = said if step.entry.says_links else had
    else:
        new = {url for _, _, url in said}
        wanted = [row for row in had if row[2] not in new] + said
    if sorted(wanted) != sorted(had):
        step.changes["links"] = [{"kind": kind, "label": label, "url": url} for kind, label, url in wanted]
        _say(
            step,
            "link",
            sorted({row[1] for row in wanted if row not in had}),
            sorted({row[1] for row in had if row not in wanted}),
        )


def _say(step: Step, what: str, more: Sequence[str], less: Sequence[str]) -> None:
    step.says += [f"{what} {', '.join(more[:8])}{' and more' if len(more) > 8 else ''}"] if more else []
    step.says += [f"no longer {what} {', '.join(less[:8])}"] if less else []


def _named(ref: Ref) -> str:
    return ref.name if refs.is_plain(ref) else str(ref)


def _short(value: object) -> str:
    text = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”" if text else "nothing"
