"""What an import would do, worked out anew from the file, the people and the schedules that are there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.shortcuts import get_object_or_404
from django.utils.text import slugify

from core.accounts import queries as people
from oncall.imports.models import ImportedFrom, ScheduleImport
from oncall.imports.rules import comparing, report
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule, ScheduleVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.imports.rules.source import Exchange, Export, Person, Place, Reading, Rotation, SourceSchedule

SHOWN_STRETCHES = 50
# The words of the key of a single shift; that of an override has one less.
SINGLE = 5
# More schedules of one name than anybody has.
MOST = 10_000


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One schedule of the file and what its import does. `reading` is what of its rules is not over."""

    source: SourceSchedule
    reading: Reading
    action: Action
    name: str
    slug: str
    imported: ImportedFrom | None
    who: Mapping[str, User]
    strangers: list[Person]
    comparison: comparing.Comparison | None
    lines: list[report.Line]

    @property
    def rotations(self) -> list[dict[str, Any]]:
        """The rotations as they are kept beside the schedule, to be compared the next time."""
        return [written(each, self.who) for each in self.reading.rotations]

    @property
    def lanes(self) -> list[tuple[int, list[Exchange]]]:
        """Rotations of nobody, by rank, and the single shifts that each takes."""
        return comparing.lanes(self.reading.one_offs)

    @property
    def exchanges(self) -> list[Exchange]:
        """The overrides that can be made: one instead of somebody who is not here has nobody to step in for."""
        return [each for each in self.reading.exchanges if each.replaces is None or each.replaces in self.who]

    @property
    def exceptions(self) -> set[str]:
        """Overrides and single shifts as they are kept."""
        single = {self.key(each, rank) for rank, shifts in self.lanes for each in shifts}
        return single | {self.key(each) for each in self.exchanges}

    def key(self, exchange: Exchange, rank: int | None = None) -> str:
        """Give an override as it is kept: from, until, who, instead of whom; a single shift by its rank."""
        person, replaces = (
            self.who[key].pk if key is not None and key in self.who else "-"
            for key in (exchange.person, exchange.replaces)
        )
        single = "" if rank is None else f" {rank}"
        return f"{stamp(exchange.start)} {stamp(exchange.end)} {person} {replaces}{single}"


@dataclass(slots=True)
class _Names:
    """Names and addresses of schedules that are taken, by others and by this import."""

    names: set[str] = field(default_factory=set)
    slugs: set[str] = field(default_factory=lambda: set(schedules.RESERVED))

    def take(self, source: SourceSchedule, tool: str) -> tuple[str, str]:
        """Give a free name and address: its own, or with the tool's name where another schedule has it."""
        short = source.name[:50]
        named = (source.name[:80], f"{short} ({tool})", *(f"{short} ({tool} {n})" for n in range(2, MOST)))
        name = next(each for each in named if each.lower() not in self.names)
        base = slugify(name)[:50] or slugify(f"{tool} {source.key}")[:50] or "schedule"
        slug = next(
            each for each in (base, *(f"{base}-{n}" for n in range(2, MOST))) if each not in self.slugs
        )
        self.names.add(name.lower())
        self.slugs.add(slug)
        return name, slug


def planned(export: Export, *, who: Mapping[str, str], now: datetime) -> list[Planned]:
    """Plan each schedule of an export. `who` says of people of the other tool which address they have here."""
    known = _people(export, who)
    before = {
        each.key: each
        for each in ImportedFrom.objects.filter(vendor=export.vendor).select_related("schedule__team")
    }
    taken = _Names()
    for name, slug in Schedule.objects.values_list("name", "slug"):
        taken.names.add(name.lower())
        taken.slugs.add(slug)
    return [
        _planned(export, source, known, before.get(source.key), taken, now) for source in export.schedules
    ]


def _people(export: Export, who: Mapping[str, str]) -> dict[str, User]:
    """Match people by their e-mail address and by nothing else: a name alone may be another person's."""
    accounts = {user.email.lower(): user for user in people.people()}
    addresses = {key: person.email for key, person in export.people.items()} | dict(who)
    return {
        key: accounts[address.strip().lower()]
        for key, address in addresses.items()
        if address.strip().lower() in accounts
    }


def _planned(
    export: Export,
    source: SourceSchedule,
    known: Mapping[str, User],
    before: ImportedFrom | None,
    taken: _Names,
    now: datetime,
) -> Planned:
    source = replace(source, remarks=(*source.remarks, *export.remarks))
    best, chosen = comparing.best(source.readings, source.rendered)
    reading = best.coming(now)
    comparison = (
        comparing.compare(reading, source.rendered, now, now + report.AHEAD, known=known.__contains__)
        if source.rendered
        else None
    )
    strangers = [export.person(key) for key in sorted(reading.people - known.keys())]
    lines = report.lines(source, reading, chosen=chosen, comparison=comparison, strangers=strangers)
    name, slug = (
        (before.schedule.name, before.schedule.slug) if before else taken.take(source, export.vendor.said)
    )
    found = Planned(
        source=source,
        reading=reading,
        action=Action.CREATE,
        name=name,
        slug=slug,
        imported=before,
        who=known,
        strangers=strangers,
        comparison=comparison,
        lines=lines,
    )
    return replace(found, action=_action(found, before, now)) if before else found


def _action(found: Planned, before: ImportedFrom, now: datetime) -> Action:
    if before.schedule.deleted_at is not None:
        return Action.DELETED
    if last_version(before.schedule) != before.version:
        return Action.EDITED
    rotations = [each for each in before.rotations if not each["until"] or each["until"] > stamp(now)]
    has_all = found.exceptions <= before.overrides.keys() and not gone(found, before, now)
    return Action.SAME if has_all and rotations == found.rotations else Action.UPDATE


def last_version(schedule: Schedule) -> int:
    """Give the number of the last save of a schedule's rotations."""
    return ScheduleVersion.objects.filter(schedule=schedule).aggregate(last=Max("number"))["last"] or 0


def gone(found: Planned, kept: ImportedFrom, now: datetime) -> dict[str, int]:
    """Give what an import wrote, is not over, and the file no longer has, of the days that the file tells of."""
    told = found.source.rendered
    return {
        key: pk
        for key, pk in live(kept, now).items()
        if key not in found.exceptions and told is not None and key.split()[0] < stamp(told.end)
    }


def live(kept: ImportedFrom, now: datetime) -> dict[str, int]:
    """Give the overrides and single shifts that an import wrote and that are not over, by what they say."""
    return {key: pk for key, pk in kept.overrides.items() if key.split()[1] > stamp(now)}


def written(rotation: Rotation, who: Mapping[str, User]) -> dict[str, Any]:
    """Give a rotation as it is kept beside what was imported, to be compared the next time."""
    return {
        "name": rotation.name,
        "time_zone": rotation.time_zone,
        "start": stamp(rotation.start),
        "every": rotation.every,
        "unit": str(rotation.unit),
        "handoff_at": rotation.handoff_at.isoformat(),
        "weekday": rotation.weekday,
        "places": [[user.pk for user in place] if place else None for place in places(rotation, who)],
        "windows": [
            [each.weekday, each.start.isoformat(), each.end.isoformat()] for each in rotation.windows
        ],
        "since": stamp(rotation.since) if rotation.since else None,
        "until": stamp(rotation.until) if rotation.until else None,
        "rank": rotation.rank,
    }


def places(rotation: Rotation, who: Mapping[str, User]) -> list[list[User] | None]:
    """Give the places of a rotation by people of ours; somebody unknown is nobody."""

    def ours(place: Place) -> list[User] | None:
        return list(dict.fromkeys(who[key] for key in place or () if key in who)) or None

    return [ours(place) for place in rotation.places]


def shown(one: Planned, export: Export) -> dict[str, Any]:
    """Give a plan as it is stored, shown and sent."""
    return {
        "key": one.source.key,
        "name": one.source.name,
        "action": one.action.value,
        "schedule": {"name": one.name, "slug": one.slug},
        "lines": [
            {"grade": line.grade.value, "rule": line.rule, "sentence": line.sentence, "minutes": line.minutes}
            for line in one.lines
        ],
        "unknown": [{"key": person.key, "said": person.said} for person in one.strangers],
        "comparison": _compared(one, one.comparison, export) if one.comparison else None,
    }


def _compared(one: Planned, found: comparing.Comparison, export: Export) -> dict[str, Any]:
    def named(keys: Iterable[str]) -> list[str]:
        return sorted(one.who[key].name if key in one.who else export.person(key).said for key in keys)

    return {
        "start": stamp(found.start),
        "end": stamp(found.end),
        "minutes": found.compared,
        "different": found.different,
        "stretches": [
            {
                "start": stamp(each.start),
                "end": stamp(each.end),
                "there": named(each.there),
                "here": named(each.here),
            }
            for each in found.stretches[:SHOWN_STRETCHES]
        ],
        "more": max(len(found.stretches) - SHOWN_STRETCHES, 0),
    }


def stamp(moment: datetime) -> str:
    """Write a moment so that texts order as the moments do."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def imports() -> QuerySet[ScheduleImport]:
    """Give the imports, the newest first, to those who configure: they name people of another tool."""
    return ScheduleImport.objects.select_related("created_by").defer("export").order_by("-pk")


def get(pk: int) -> ScheduleImport:
    """Give one import; 404 where absent."""
    return get_object_or_404(imports(), pk=pk)


@dataclass(frozen=True, slots=True)
class Screen:
    """One import as it is shown: its schedules, and all the people in them whom nobody here is."""

    started: ScheduleImport
    schedules: list[dict[str, Any]]
    unknown: list[dict[str, str]]

    @property
    def does_something(self) -> bool:
        """Whether confirming it changes any schedule."""
        return any(one["action"] in {Action.CREATE, Action.UPDATE} for one in self.schedules)


def screen(started: ScheduleImport) -> Screen:
    """Give an import with moments instead of texts."""
    unknown = {each["key"]: each for one in started.report for each in one["unknown"]}
    schedules = [
        one | {"comparison": _with_moments(one["comparison"])} if one["comparison"] else one
        for one in started.report
    ]
    return Screen(started, schedules, [unknown[key] for key in sorted(unknown)])


def _with_moments(found: dict[str, Any]) -> dict[str, Any]:
    def read(each: dict[str, Any]) -> dict[str, Any]:
        return each | {name: datetime.fromisoformat(each[name]) for name in ("start", "end")}

    return read(found) | {"stretches": [read(each) for each in found["stretches"]]}
