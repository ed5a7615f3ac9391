from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.clock import now
from core.ui import times
from incidents.closing import registry, rules
from incidents.closing.models import ClosingCriterion, Resolution
from incidents.fields import queries as fields
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle import registry as holds
from incidents.lifecycle.models import RoleAssignment
from incidents.lifecycle.rules import Status
from incidents.severities.models import Anchor
from incidents.tasks import queries as tasks
from incidents.updates import queries as updates
from incidents.updates.models import Audience, Update

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.closing.models import CriterionQuerySet, ResolutionQuerySet
    from incidents.closing.registry import Finding
    from incidents.closing.rules import Stability
    from incidents.lifecycle.models import Incident
    from incidents.updates.queries import Telling


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
class Outlook:
    """What stands between an incident and its end, asked before somebody says that it is resolved."""

    at: datetime
    stability: Stability
    asked: Sequence[Asked]
    commander: User | None
    is_commander: bool
    held_by: str
    open_tasks: Sequence[str]
    earlier: Sequence[Resolution]
    warning: str
    all_clear: str
    telling: Telling
    is_public: bool
    goes_on: Sequence[str] = ()
    unfilled: Sequence[str] = ()

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
    told = updates.telling(incident, audience=Audience.INTERNAL, status=Status.RESOLVED, actor=actor, at=at)
    return Outlook(
        at=at,
        stability=_stability(incident, since),
        asked=[
            Asked(row, registry.finding(row.known_by, incident) if row.known_by else None)
            for row in ClosingCriterion.objects.active()
        ],
        commander=commander,
        is_commander=commander is not None and commander == actor,
        held_by=holds.held_by(incident),
        open_tasks=_open_tasks(incident),
        earlier=list(Resolution.objects.filter(incident=incident).select_related("by")),
        warning=rules.warning(incident.resolved_times),
        all_clear=all_clear(incident),
        telling=told,
        is_public=Update.objects.filter(incident=incident, audience=Audience.PUBLIC).exists(),
        goes_on=holds.asked(incident),
        unfilled=[row.name for row in fields.lacking(incident)],
    )


def _stability(incident: Incident, since: datetime | None) -> Stability:
    level = incident.severity
    window = timedelta(seconds=level.stable_seconds) if level.stable_seconds else None
    by_monitoring = level.stable_since == Anchor.MONITORING
    begun = lifecycle.stable_since(incident)
    return rules.Stability(begun if begun or by_monitoring else since, window, by_monitoring)


def open_tasks(incident: Incident) -> Finding:
    """Say how many tasks and steps of lists are open in an incident: they need not speak against its end."""
    asked, lists = tasks.open_with_lists(incident)
    number, steps = len(asked), sum(lists.values())
    words = f"{number or 'no'} task{'' if number == 1 else 's'}"
    if steps:
        words += f" and {steps} step{'' if steps == 1 else 's'} of checklists"
    return registry.Finding(f"{words} open", is_good=not number and not steps)


def _open_tasks(incident: Incident) -> list[str]:
    asked, lists = tasks.open_with_lists(incident)
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
