"""What another tool's export says, in our words: rotations, exceptions, and what the tool itself rendered.

People are named by the other tool's own ids here; who they are with us is decided when the plan is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncall.schedules.rules.layers import Restriction, Unit

# A place of a rotation: who has it together, or nobody.
Place = tuple[str, ...] | None


class Vendor(StrEnum):
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    GRAFANA_ONCALL = "grafana_oncall"

    @property
    def said(self) -> str:
        """The tool's name."""
        return {"pagerduty": "PagerDuty", "opsgenie": "Opsgenie", "grafana_oncall": "Grafana OnCall"}[self]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the other tool. `email` is empty where the export does not give it."""

    key: str
    name: str
    email: str

    @property
    def said(self) -> str:
        """How a report names them."""
        known = " ".join(part for part in (self.name, f"<{self.email}>" if self.email else "") if part)
        return known or self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A layer to be: its first place begins at `start`; it counts in [since, until). Equal rank: on call together."""

    name: str
    time_zone: str
    start: datetime
    every: int
    unit: Unit
    handoff_at: time
    weekday: int | None = None
    places: tuple[Place, ...]
    windows: tuple[Restriction, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    rank: int = 0

    @property
    def begins(self) -> datetime:
        """From when on it counts."""
        return self.start if self.since is None else max(self.start, self.since)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An override: `person` (None: nobody) instead of `replaces`, or of everybody where that is None."""

    start: datetime
    end: datetime
    person: str | None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class OneOff:
    """A single shift: these people are on call as well, with the rotations of the same rank."""

    start: datetime
    end: datetime
    place: Place
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody on call in [start, end), as the other tool rendered it."""

    start: datetime
    end: datetime
    person: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the other tool says about [start, end): who is on call when; nobody where no span is."""

    start: datetime
    end: datetime
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """A rule that we cannot keep: which, why, and whose duty it is."""

    rule: str
    sentence: str
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the rules of a schedule, `said` in words where there are several."""

    said: str
    rotations: tuple[Rotation, ...]
    losses: tuple[Loss, ...] = ()
    one_offs: tuple[OneOff, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    def coming(self, now: datetime) -> Reading:
        """Leave out what is over."""
        return replace(
            self,
            rotations=tuple(
                each for each in self.rotations if each.until is None or each.until > max(now, each.begins)
            ),
            one_offs=tuple(each for each in self.one_offs if each.end > max(now, each.start)),
            exchanges=tuple(each for each in self.exchanges if each.end > max(now, each.start)),
        )

    @property
    def people(self) -> frozenset[str]:
        """Everybody whom it names."""
        places = [place for each in self.rotations for place in each.places]
        named = {key for each in self.exchanges for key in (each.person, each.replaces) if key is not None}
        return members((*places, *(each.place for each in self.one_offs))) | named


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSchedule:
    """One schedule of the export. What the tool rendered decides between its `readings`; the first is the usual one."""

    key: str
    name: str
    time_zone: str
    description: str = ""
    readings: tuple[Reading, ...]
    losses: tuple[Loss, ...] = ()
    remarks: tuple[str, ...] = ()
    rendered: Rendered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Everything that a file holds."""

    vendor: Vendor
    people: dict[str, Person]
    schedules: tuple[SourceSchedule, ...]
    remarks: tuple[str, ...] = field(default=())

    def person(self, key: str) -> Person:
        """Somebody by the other tool's id, at least by that."""
        return self.people.get(key) or Person(key, "", "")


def members(places: tuple[Place, ...]) -> frozenset[str]:
    """Everybody who has a place."""
    return frozenset(key for place in places for key in place or ())
