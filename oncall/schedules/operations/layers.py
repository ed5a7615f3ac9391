"""Schedules with their rotations: the first ones, and others from a moment on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from core.errors import Refused
from core.timers import operations as timers
from oncall.schedules import queries
from oncall.schedules.models import Layer, OnHolidays, Participant, Restriction, Schedule, ScheduleVersion
from oncall.schedules.operations.changes import PastIsFixed, SetMeanwhile, changed, locked
from oncall.schedules.operations.specs import MOST, Terms, complaints, terms_at
from oncall.schedules.rules import holidays
from oncall.schedules.rules.check import Grade

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import Team, User
    from core.timers.models import Timer
    from oncall.schedules.operations.specs import LayerSpec

BEGIN = "oncall.schedule_version"


class Meaningless(Refused):
    """A rotation that can put nobody on call, whenever."""


class AddressTaken(Refused):
    def __init__(self) -> None:
        super().__init__("Another page is at this address.")


class StandsBehind(Refused):
    """A schedule stands behind another one, which itself stands behind none."""


@transaction.atomic
def create(
    *,
    name: str,
    slug: str,
    time_zone: str,
    team: Team | None = None,
    description: str = "",
    layers: Sequence[LayerSpec] = (),
    terms: Terms | None = None,
    actor: User | None,
) -> Schedule:
    """Create a schedule with its rotations, the last one with the highest priority; each counts from its start."""
    if slug in queries.RESERVED:
        raise AddressTaken
    schedule = Schedule.objects.create(
        name=name, slug=slug, time_zone=time_zone, team=team, description=description
    )
    now = timezone.now()
    _begin(
        schedule,
        layers,
        terms or Terms(),
        moment=min([now, *(spec.start for spec in layers)]),
        time_zone=time_zone,
        summary="Schedule created",
        actor=actor,
    )
    changed(schedule, at=now, summary="Schedule created", actor=actor)
    return schedule


@transaction.atomic
def describe(schedule: Schedule, *, seen: str = "", actor: User | None, **given: Any) -> None:
    """Change the name, slug, team or description of a schedule. What was `seen` of them before has to hold still."""
    mine = locked(schedule, also_deleted=True)
    changes = {field: value for field, value in given.items() if getattr(mine, field) != value}
    if seen and seen != queries.described(mine):
        raise SetMeanwhile(", ".join(f"{field} “{getattr(mine, field) or 'none'}”" for field in changes))
    if changes.get("slug") in queries.RESERVED:
        raise AddressTaken
    if changes:
        Schedule.objects.filter(pk=mine.pk).update(**changes)
        changed(mine, at=timezone.now(), summary=f"Changed: {', '.join(sorted(changes))}", actor=actor)


@transaction.atomic
def save_layers(  # noqa: PLR0913 - a save is all of these
    schedule: Schedule,
    *,
    layers: Sequence[LayerSpec],
    effective_at: datetime | None = None,
    time_zone: str | None = None,
    terms: Terms | None = None,
    version: int | None = None,
    restored_from: int | None = None,
    summary: str = "",
    actor: User | None,
) -> ScheduleVersion:
    """Replace the rotations from `effective_at` on (default: now). What lies before stays as it was.

    What was planned for that moment or later never counts. Without `terms` those of that moment go on. With `version`
    it is refused when somebody has changed the schedule since that one.
    """
    mine = locked(schedule, version=version)
    now = timezone.now()
    asked = effective_at or now
    if asked < now.replace(second=0, microsecond=0):
        raise PastIsFixed("An edit cannot count from a time that has passed.")
    moment = max(asked, now)
    before = queries.version_at(mine, moment)
    if not summary:
        summary = "Rotations changed" if restored_from is None else f"Version {restored_from} restored"
    saved = _begin(
        mine,
        layers,
        terms or terms_at(mine, moment),
        moment=moment,
        time_zone=time_zone or (before.time_zone if before else mine.time_zone),
        summary=summary,
        restored_from=restored_from,
        actor=actor,
    )
    if moment > now:
        timers.set(BEGIN, mine.pk, occurrence=str(saved.number), due_at=moment)
    else:
        Schedule.objects.filter(pk=mine.pk).update(time_zone=saved.time_zone)
    changed(mine, at=moment, summary=summary, actor=actor)
    return saved


def begin(timer: Timer) -> None:
    """Show the zone of the version that counts by now as that of the schedule."""
    schedule = Schedule.objects.filter(pk=timer.subject_id).first()
    current = queries.version_at(schedule, timezone.now()) if schedule else None
    if current is not None:
        Schedule.objects.filter(pk=timer.subject_id).update(time_zone=current.time_zone)


def _begin(
    schedule: Schedule,
    layers: Sequence[LayerSpec],
    terms: Terms,
    *,
    moment: datetime,
    time_zone: str,
    summary: str,
    restored_from: int | None = None,
    actor: User | None,
) -> ScheduleVersion:
    """End what counts at a moment, and begin a version."""
    if len(layers) > MOST or any(len(spec.restrictions) > MOST for spec in layers):
        raise Meaningless(
            f"A schedule has at most {MOST} rotations, and each of them at most {MOST} windows."
        )
    for complaint in complaints(layers, time_zone=time_zone, at=moment):
        if complaint.grade is Grade.WRONG:
            raise Meaningless(complaint.sentence)
    _check_holidays(layers, terms)
    lineages = _lineages(schedule, layers, at=moment)
    for rows in (Layer.objects.filter(schedule=schedule), schedule.versions.all()):
        lasting = rows.filter(Q(effective_until=None) | Q(effective_until__gt=moment))
        # What was planned is kept, and never counts.
        lasting.filter(effective_from__gte=moment).update(effective_until=F("effective_from"))
        lasting.filter(effective_from__lt=moment).update(effective_until=moment)
    latest: int | None = schedule.versions.aggregate(latest=Max("number"))["latest"]
    version = ScheduleVersion.objects.create(
        schedule=schedule,
        number=(latest or 0) + 1,
        effective_from=moment,
        time_zone=time_zone,
        coverage=[(weekday, f"{start:%H:%M}", f"{end:%H:%M}") for weekday, start, end in terms.coverage],
        stands_behind=terms.stands_behind,
        offset=terms.offset,
        is_informal=terms.is_informal,
        holidays=terms.holidays,
        closed_on_holidays=terms.closed_on_holidays,
        passes_over_absent=terms.passes_over_absent,
        summary=summary,
        restored_from=restored_from,
        created_by=actor,
    )
    # After the row is written, whose key waits for whoever deletes the schedule ahead at the same moment.
    _check_ahead(schedule, terms)
    _add_layers(version, layers, lineages)
    return version


def _check_holidays(layers: Sequence[LayerSpec], terms: Terms) -> None:
    if terms.holidays:
        if wrong := holidays.complaint(terms.holidays):
            raise Meaningless(wrong)
    elif terms.closed_on_holidays:
        raise Meaningless("Choose whose public holidays these are on which nobody is meant to be on call.")
    for spec in layers:
        if spec.on_holidays == OnHolidays.COUNTS:
            continue
        if not terms.holidays:
            raise Meaningless(f"Choose whose public holidays {spec.name} goes by.")
        if spec.on_holidays == OnHolidays.ONLY and terms.closed_on_holidays:
            raise Meaningless(
                f"{spec.name} counts on public holidays alone, on which nobody is meant to be on call."
            )


def _check_ahead(schedule: Schedule, terms: Terms) -> None:
    if terms.stands_behind is None:
        return
    if terms.stands_behind.pk == schedule.pk:
        raise StandsBehind("A schedule cannot stand behind itself.")
    if Schedule.objects.filter(pk=terms.stands_behind.pk, deleted_at__isnull=False).exists():
        raise StandsBehind(f"{terms.stands_behind} was deleted. Restore it first, or stand behind no other.")
    lasting = ScheduleVersion.objects.filter(Q(effective_until=None) | Q(effective_until__gt=timezone.now()))
    if lasting.filter(schedule=terms.stands_behind, stands_behind__isnull=False).exists():
        raise StandsBehind(f"{terms.stands_behind} stands behind another schedule itself. Choose that one.")
    if lasting.filter(stands_behind=schedule).exists():
        raise StandsBehind(f"Another schedule stands behind {schedule}, so it can stand behind none.")


def _lineages(schedule: Schedule, specs: Sequence[LayerSpec], *, at: datetime) -> list[int]:
    """Which rotation each of these continues: the one it names, else one of its name that counts; 0 for a new one."""
    own = set(schedule.layers.values_list("lineage", flat=True))
    named = {spec.lineage for spec in specs if spec.lineage in own}
    known: defaultdict[str, list[int]] = defaultdict(list)
    for layer in queries.layers_in_force(schedule, at=at):
        if layer.lineage not in named:
            known[layer.name].append(layer.lineage)
    return [
        spec.lineage
        if spec.lineage is not None and spec.lineage in named
        else known[spec.name].pop(0)
        if known[spec.name]
        else 0
        for spec in specs
    ]


def _add_layers(version: ScheduleVersion, specs: Sequence[LayerSpec], lineages: Sequence[int]) -> None:
    rows, rank = [], -1
    for spec, lineage in zip(specs, lineages, strict=True):
        rank = rank + 1 if spec.rank is None else spec.rank
        rows.append(
            Layer(
                schedule_id=version.schedule_id,
                version=version,
                lineage=lineage,
                position=rank,
                name=spec.name,
                time_zone=spec.time_zone or version.time_zone,
                start=spec.start,
                every=spec.every,
                unit=spec.unit,
                handoff_at=spec.handoff_at,
                weekday=spec.weekday,
                counts_only_active=spec.counts_only_active,
                on_holidays=spec.on_holidays,
                effective_from=version.effective_from,
            )
        )
    Layer.objects.bulk_create(rows)
    version.layers.filter(lineage=0).update(lineage=F("id"))
    Participant.objects.bulk_create(
        Participant(layer=layer, place=place, user=user)
        for layer, spec in zip(rows, specs, strict=True)
        for place, people in enumerate(spec.participants)
        for user in (people if people is not None else [None])
    )
    Restriction.objects.bulk_create(
        Restriction(layer=layer, weekday=weekday, start=start, end=end)
        for layer, spec in zip(rows, specs, strict=True)
        for weekday, start, end in spec.restrictions
    )
