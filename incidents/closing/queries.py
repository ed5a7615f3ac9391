from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.clock import now
from core.ui import times
from incidents.approvals import queries as approvals
from incidents.closing import registry, rules
from incidents.closing.models import ClosingCriterion, KnownBy, Resolution
from incidents.fields import queries as fields
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle import registry as holds
from incidents.lifecycle.models import RoleAssignment
from incidents.lifecycle.rules import Status
from incidents.mitigations.models import AppliedMitigation, Result
from incidents.owed import queries as owed
from incidents.owed.rules import Kind
from incidents.severities.models import Anchor
from incidents.tasks import queries as tasks
from incidents.updates import queries as updates
from incidents.updates.models import Audience, Update
from incidents.wording import rules as tone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.closing.models import CriterionQuerySet, ResolutionQuerySet
    from incidents.closing.registry import Finding
    from incidents.closing.rules import Stability
    from incidents.lifecycle.models import Incident
    from incidents.owed.models import OwedWord
    from incidents.updates.queries import Telling
    from incidents.updates.registry import Outlook as Seen
    from incidents.updates.registry import Part, Preview

    Left = tuple[list[str], dict[str, int]]

PUBLIC_CLEAR = "This is resolved. We are sorry for the disruption."


@dataclass(frozen=True, slots=True)
class Asked:
    """A criterion with what the product knows of it."""

    criterion: ClosingCriterion
    finding: Finding | None

    @property
    def point(self) -> rules.Point:
        """Give it as the rules know it."""
        against = self.finding.words if self.finding and self.finding.contradicts else ""
        return rules.Point(self.criterion.slug, self.criterion.text, against)


@dataclass(frozen=True, slots=True)
class PublicEnd:
    """What customers would read when it is resolved: the words, where they stand, and who is written to beside that."""

    incident: Incident
    text: str
    telling: Telling
    pages: int
    components: Mapping[str, str]
    was_told: bool
    asks: bool
    names: tuple[str, ...]

    def previews(self, text: str) -> Sequence[Preview]:
        """Show it as customers will see it."""
        return updates.preview(
            self.incident, status=Status.RESOLVED, text=text, public_title="", components=self.components
        )

    def hints(self, text: str) -> list[str]:
        """Give what to look at twice in it."""
        return tone.hints(text, audience=Audience.PUBLIC, status=Status.RESOLVED, names=self.names)

    @property
    def reach(self) -> str:
        """Say whom it reaches: "1 status page and 3 people"."""
        pages = f"{self.pages} status page{'' if self.pages == 1 else 's'}" if self.pages else ""
        return " and ".join(each for each in (pages, self.telling.words) if each) or "nobody"

    @property
    def promise(self) -> str:
        """Name whom it reaches: by this it is known whether that still holds when it is sent."""
        return f"{self.reach}{' once approved' if self.asks else ''}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What stands between an incident and its end, asked before somebody says that it is resolved."""

    at: datetime
    stability: Stability
    asked: Sequence[Asked]
    commander: User | None
    is_commander: bool
    holding: Sequence[tuple[str, str]]
    open_tasks: Sequence[str]
    earlier: Sequence[Resolution]
    warning: str
    all_clear: str
    telling: Telling
    public: PublicEnd | None
    still_to_tell: Sequence[OwedWord]
    goes_on: Sequence[str] = ()
    unfilled: Sequence[str] = ()

    @property
    def held_by(self) -> str:
        """What cannot be reasoned away; "" where nothing keeps it open."""
        return " ".join(said for said, _ in self.holding)

    @property
    def owes_customers(self) -> bool:
        """Whether customers are still to be told."""
        return any(row.kind in (Kind.PUBLIC, Kind.CUSTOMERS) for row in self.still_to_tell)

    @property
    def is_stable(self) -> bool:
        """Whether it has been stable for long enough."""
        return self.stability.is_met(self.at)

    @property
    def lasted_seconds(self) -> float:
        """For how long it has been stable."""
        return self.stability.lasted(self.at).total_seconds()

    @property
    def window_seconds(self) -> float:
        """For how long it has to be stable; 0 where no wait is asked for."""
        return self.stability.window.total_seconds() if self.stability.window else 0

    def lacking(self, confirmed: Collection[str]) -> list[str]:
        """Give in half sentences what does not hold with these criteria confirmed, by their slugs."""
        case = rules.Case(
            at=self.at,
            stability=self.stability,
            points=[each.point for each in self.asked],
            confirmed=confirmed,
            commander=str(self.commander or ""),
            is_commander=self.is_commander,
        )
        empty = [f"“{name}” is to be filled in" for name in self.unfilled]
        return [*rules.lacking(case, words=times.words, clock=times.full), *empty, *self.goes_on]


def outlook(incident: Incident, *, actor: User | None, since: datetime | None = None) -> Outlook:
    """Work out what stands between an incident and its end, for whoever would say that it is over.

    `since` is when it has been working again, where somebody says so and nobody said before that it is mitigated.
    """
    at = now()
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, role__is_commander=True)
    commanding = held.select_related("user").first()
    commander = commanding.user if commanding else None
    told, names = updates.tellings(incident, status=Status.RESOLVED, actor=actor, at=at)
    public = _public_end(incident, actor, at, told[Audience.PUBLIC], names)
    left = tasks.open_with_lists(incident)
    return Outlook(
        at=at,
        stability=_stability(incident, since),
        asked=[Asked(row, _finding(row, incident, left)) for row in ClosingCriterion.objects.active()],
        commander=commander,
        is_commander=commander is not None and commander == actor,
        holding=holds.holding(incident),
        open_tasks=_open_tasks(left),
        earlier=_earlier(incident),
        warning=rules.warning(incident.resolved_times),
        all_clear=all_clear(incident),
        telling=told[Audience.INTERNAL],
        public=public,
        still_to_tell=owed.still_open(incident) if public else [],
        goes_on=holds.asked(incident),
        unfilled=[row.name for row in fields.lacking(incident)],
    )


def _earlier(incident: Incident) -> list[Resolution]:
    """Give each time that it was called resolved before; what never was is not asked about."""
    if not incident.resolved_times:
        return []
    return list(Resolution.objects.filter(incident=incident).select_related("by"))


def _stability(incident: Incident, since: datetime | None) -> Stability:
    level = incident.severity
    window = timedelta(seconds=level.stable_seconds) if level.stable_seconds else None
    by_monitoring = level.stable_since == Anchor.MONITORING
    begun = lifecycle.stable_since(incident)
    return rules.Stability(begun if begun or by_monitoring else since, window, by_monitoring)


def _finding(row: ClosingCriterion, incident: Incident, left: Left) -> Finding | None:
    if row.known_by == KnownBy.TASKS:
        return _tasks_left(left)
    return registry.finding(row.known_by, incident) if row.known_by else None


def _tasks_left(left: Left) -> Finding:
    """Say how many tasks and steps of lists are open in an incident: they need not speak against its end."""
    asked, lists = left
    number, steps = len(asked), sum(lists.values())
    words = f"{number or 'no'} task{'' if number == 1 else 's'}"
    if steps:
        words += f" and {steps} step{'' if steps == 1 else 's'} of checklists"
    return registry.Finding(f"{words} open", is_good=not number and not steps)


def _public_end(
    incident: Incident, actor: User | None, at: datetime, told: Telling, names: tuple[str, ...]
) -> PublicEnd | None:
    """Work out how customers would hear that it is over; None where nobody outside may, or could."""
    seen = updates.outlook(incident)
    if seen is None or not (seen.parts or told.words):
        return None
    templates = updates.templates(incident, Audience.PUBLIC)
    wording = next((row for row in templates if row.status == Status.RESOLVED), None)
    return PublicEnd(
        incident=incident,
        text=updates.filled(wording, incident, at=at) if wording else PUBLIC_CLEAR,
        telling=told,
        pages=len({part.page for part in _touched(seen)}),
        components=_well_again(seen),
        was_told=told.was_told,
        asks=approvals.needed(incident, Audience.PUBLIC, actor) is not None,
        names=names,
    )


def well_again(incident: Incident) -> Mapping[str, str]:
    """Give the components that it touched, as they are shown once it is over."""
    seen = updates.outlook(incident)
    return _well_again(seen) if seen is not None else {}


def _well_again(seen: Seen) -> dict[str, str]:
    return {part.id: "operational" for part in _touched(seen)}


def _touched(seen: Seen) -> Sequence[Part]:
    """Give the components that it affects; all where nobody said which."""
    return [part for part in seen.parts if part.affected] or seen.parts


def _open_tasks(left: Left) -> list[str]:
    asked, lists = left
    steps = [
        f"{name}: {number} step{'' if number == 1 else 's'} not ticked" for name, number in lists.items()
    ]
    return [*asked, *steps]


def all_clear(incident: Incident) -> str:
    """Give the words with which everybody hears that it is over."""
    return f"All clear: “{incident.title}” is over. Nothing more is needed from you."


def criteria(user: User) -> CriterionQuerySet:
    """Give the criteria in force, in their order."""
    return ClosingCriterion.objects.visible_to(user).active()


def resolutions(user: User, incident: Incident) -> ResolutionQuerySet:
    """Give each time that an incident was called resolved."""
    return Resolution.objects.visible_to(user).filter(incident=incident).select_related("by")


def account(incident: Incident, *, actor: User | None) -> PublicEnd | None:
    """Give the draft of what customers read once it is over; None where it goes on, or nobody outside may hear of it."""
    at = now()
    if incident.is_active:
        return None
    told, names = updates.tellings(incident, status=incident.status, actor=actor, at=at)
    found = _public_end(incident, actor, at, told[Audience.PUBLIC], names)
    return replace(found, text=_account(incident)) if found else None


def _account(incident: Incident) -> str:
    begun = incident.started_at or incident.declared_at
    ended = incident.mitigated_at or incident.resolved_at or incident.closed_at or begun
    news = Update.objects.filter(incident=incident, audience=Audience.INTERNAL, fields__has_key="next_steps")
    last = news.order_by("-published_at").first()
    changes = AppliedMitigation.objects.filter(incident=incident, result=Result.WORKED).order_by("pk")
    return rules.account(
        rules.Story(
            begun=times.full(begun),
            ended=times.full(ended),
            lasted=times.words((ended - begun).total_seconds()),
            impact=incident.impact,
            cause=incident.hypothesis if incident.hypothesis_confirmed else "",
            ended_by=", ".join(changes.values_list("name", flat=True)),
            next_steps=last.fields["next_steps"] if last else "",
            is_written_up=incident.severity.needs_postmortem,
        )
    )
