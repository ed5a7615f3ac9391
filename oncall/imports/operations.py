"""A file becomes a plan, and a plan that somebody confirms becomes schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.errors import Refused
from oncall.imports import queries
from oncall.imports.models import ImportedFrom, ScheduleImport
from oncall.imports.parsers.fields import Unreadable
from oncall.imports.parsers.reading import read
from oncall.imports.queries import Action
from oncall.schedules import operations as schedules
from oncall.schedules.models import Override, Unit
from oncall.schedules.rules.check import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.accounts.models import User
    from oncall.imports.queries import Planned
    from oncall.imports.rules.source import Exchange, Export, Rotation
    from oncall.schedules.models import Layer, Schedule, ScheduleVersion


class NotAnExport(Refused):
    """The file is no export of a tool that we know."""


class AlreadyImported(Refused):
    """This plan was carried out."""


def plan(text: str, *, people: Mapping[str, str] | None = None, actor: User | None) -> ScheduleImport:
    """Work out what importing a file would do, and keep that; no schedule changes."""
    export = _read(text)
    who = _of_file(export, people or {})
    found = queries.planned(export, who=who, now=timezone.now())
    return ScheduleImport.objects.create(
        vendor=export.vendor,
        export=text,
        people=who,
        report=[queries.shown(one, export) for one in found],
        created_by=actor,
    )


@transaction.atomic
def name_people(started: ScheduleImport, people: Mapping[str, str]) -> None:
    """Say who people of the other tool are here, and plan anew."""
    locked = _unconfirmed(started)
    export = _read(locked.export)
    who = locked.people | {key: address for key, address in _of_file(export, people).items() if address}
    found = queries.planned(export, who=who, now=timezone.now())
    locked.people, locked.report = who, [queries.shown(one, export) for one in found]
    locked.save(update_fields=["people", "report"])


@transaction.atomic
def confirm(started: ScheduleImport, *, actor: User | None) -> None:
    """Make the schedules of a plan: all of them or none. What it finds unchanged or edited here it leaves alone."""
    with connection.cursor() as cursor:
        # Two imports of one file at once would each make its schedules.
        cursor.execute("select pg_advisory_xact_lock(hashtext('oncall_imports'))")
    locked = _unconfirmed(started)
    export = _read(locked.export)
    report = []
    for one in queries.planned(export, who=locked.people, now=timezone.now()):
        said = queries.shown(one, export)
        report.append(said)
        if one.action is Action.CREATE:
            _create(export, one, said, actor=actor)
        elif one.action is Action.UPDATE and one.imported is not None:
            _update(one.imported, one, said, actor=actor)
    locked.report, locked.export, locked.confirmed_at = report, "", timezone.now()
    locked.save(update_fields=["report", "export", "confirmed_at"])


def _read(text: str) -> Export:
    try:
        return read(text)
    except Unreadable as reason:
        raise NotAnExport(str(reason)) from reason


def _of_file(export: Export, people: Mapping[str, str]) -> dict[str, str]:
    """Leave out who is nobody of the file."""
    named = set(export.people).union(
        *(reading.people for source in export.schedules for reading in source.readings)
    )
    return {key: address for key, address in people.items() if key in named}


def _unconfirmed(started: ScheduleImport) -> ScheduleImport:
    locked = ScheduleImport.objects.select_for_update().get(pk=started.pk)
    if locked.confirmed_at:
        raise AlreadyImported("This was imported already. Upload the file again to import what has changed.")
    return locked


def _create(export: Export, one: Planned, report: dict[str, Any], *, actor: User | None) -> None:
    schedule = schedules.create(
        name=one.name,
        slug=one.slug,
        time_zone=one.source.time_zone,
        description=one.source.description,
        actor=actor,
    )
    _write(
        ImportedFrom(vendor=export.vendor, key=one.source.key, schedule=schedule), one, report, actor=actor
    )


def _update(kept: ImportedFrom, one: Planned, report: dict[str, Any], *, actor: User | None) -> None:
    """Take back the overrides that the other tool no longer has, and all single shifts, then write as the first time."""
    if actor is not None:
        require(actor, Verb.CONFIGURE, kept.schedule.team)
    now = timezone.now()
    single = {key: pk for key, pk in queries.live(kept, now).items() if len(key.split()) == queries.SINGLE}
    gone = queries.gone(one, kept, now) | single
    for override in Override.objects.filter(pk__in=gone.values(), cancelled_at=None).order_by("pk"):
        schedules.cancel_override(override, actor=actor)
    kept.overrides = {key: pk for key, pk in kept.overrides.items() if key not in gone}
    _write(kept, one, report, actor=actor)


def _write(kept: ImportedFrom, one: Planned, report: dict[str, Any], *, actor: User | None) -> None:
    """Write the rotations from now on and the overrides that are new, and keep what was written."""
    schedule, lanes = kept.schedule, one.lanes
    first = _save_layers(schedule, one, actor=actor)
    rows = list(first.layers.order_by("pk"))
    for row, (rank, shifts) in zip(rows[len(rows) - len(lanes) :], lanes, strict=True):
        for each in shifts:
            kept.overrides[one.key(each, rank)] = _override(kept, one, each, layer=row, actor=actor)
    for each in one.exchanges:
        if one.key(each) not in kept.overrides:
            kept.overrides[one.key(each)] = _override(kept, one, each, actor=actor)
    kept.rotations = one.rotations
    kept.version = queries.last_version(schedule)
    kept.compared = report["comparison"] or {}
    kept.imported_at = timezone.now()
    kept.save()


def _save_layers(schedule: Schedule, one: Planned, *, actor: User | None) -> ScheduleVersion:
    """Save what counts from now on, and plan the moments at which a rotation begins or ends; give the first version."""
    now = timezone.now()
    rotations = one.reading.rotations
    moments = {each.since for each in rotations if each.since and each.since > max(now, each.start)}
    moments |= {each.until for each in rotations if each.until}
    ranks = sorted({each.rank for each in rotations} | {rank for rank, _ in one.lanes})
    lanes = [
        schedules.LayerSpec(
            name=f"Single shifts {number}",
            start=now,
            unit=Unit.DAY,
            handoff_at=time(),
            participants=[None],
            rank=ranks.index(rank),
        )
        for number, (rank, _) in enumerate(one.lanes, start=1)
    ]
    saved = []
    for moment in (None, *sorted(moments)):
        counting = [each for each in rotations if _counts(each, moment or now)]
        saved.append(
            schedules.save_layers(
                schedule,
                layers=[*(_spec(each, one, ranks.index(each.rank)) for each in counting), *lanes],
                effective_at=moment,
                time_zone=one.source.time_zone,
                actor=actor,
            )
        )
    return saved[0]


def _counts(rotation: Rotation, at: datetime) -> bool:
    """Say whether a version from `at` on has this rotation; one that has not begun to turn waits for its start in it."""
    begun = rotation.since is None or rotation.since <= max(at, rotation.start)
    return begun and (rotation.until is None or at < rotation.until)


def _override(
    kept: ImportedFrom, one: Planned, exchange: Exchange, *, layer: Layer | None = None, actor: User | None
) -> int:
    return schedules.add_override(
        kept.schedule,
        start=exchange.start,
        end=exchange.end,
        user=one.who.get(exchange.person or ""),
        replaces=one.who.get(exchange.replaces or ""),
        layer=layer,
        reason=f"Imported from {kept.get_vendor_display()}",
        actor=actor,
    ).pk


def _spec(rotation: Rotation, one: Planned, rank: int) -> schedules.LayerSpec:
    """Give a rotation as it is entered. Where its windows are open in turns of strangers alone, nobody has a turn."""
    spec = schedules.LayerSpec(
        name=rotation.name[:80],
        time_zone=rotation.time_zone,
        start=rotation.start,
        every=rotation.every,
        unit=rotation.unit,
        handoff_at=rotation.handoff_at,
        weekday=rotation.weekday,
        participants=queries.places(rotation, one.who),
        restrictions=[(each.weekday, each.start, each.end) for each in rotation.windows],
        rank=rank,
    )
    found = schedules.complaints([spec], time_zone=one.source.time_zone, at=timezone.now())
    never = any(complaint.grade is Grade.WRONG for complaint in found)
    return replace(spec, participants=[None] * len(spec.participants)) if never else spec
