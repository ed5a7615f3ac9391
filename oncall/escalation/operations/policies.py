"""Policies as people configure them. A running escalation keeps the plan it was started with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils.text import slugify

from core import live
from core.errors import Refused
from core.events import bus
from oncall import events
from oncall.escalation.models import LastResort, Level, Policy, Target
from oncall.escalation.rules.plans import Kind, LevelSpec
from oncall.escalation.rules.reach import CHOOSE, NOT_FLAGGED, unflagged
from oncall.matching.rules import branch_to_json
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import Team, User

LONGEST_SLUG = 60
RESERVED = frozenset({"new", "last-resort", "night-limit"})
"""Slugs that mean something else in an address."""


class SameName(Refused):
    def __init__(self) -> None:
        super().__init__("There is a policy of this name already.")


class ChangedMeanwhile(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this policy while you were editing it. Look again before you save."
        )


class InUse(Refused):
    """A policy that something relies on cannot be removed."""


class ScheduleDeleted(Refused):
    def __init__(self, schedule: Schedule) -> None:
        super().__init__(f"{schedule} was deleted. Choose another schedule, or restore it.")


class PagesEveryone(Refused):
    """A level asks a whole team and does not say that it means to."""

    def __init__(self, level: int) -> None:
        super().__init__(f"Level {level + 1}: {NOT_FLAGGED} {CHOOSE}")


class NoLevels(Refused):
    def __init__(self) -> None:
        super().__init__("A policy needs at least one level.")


@transaction.atomic
def create_policy(  # noqa: PLR0913 - a policy is all of these
    *,
    name: str,
    levels: Sequence[LevelSpec],
    actor: User | None,
    slug: str = "",
    description: str = "",
    team: Team | None = None,
    repeat: int = 1,
    ack_timeout_seconds: int | None = None,
    acks_needed: int = 1,
    is_default: bool = False,
) -> Policy:
    """Make a policy; `repeat` counts passes through all levels in all. A new default takes over from the old one."""
    _check(levels)
    policy = Policy(
        name=name.strip(), slug=slug or _slug(name), description=description, team=team, repeat=repeat
    )
    policy.ack_timeout_seconds, policy.is_default = ack_timeout_seconds, is_default
    policy.acks_needed = acks_needed
    _make_room(policy)
    _store(policy)
    _write_levels(policy, levels)
    _note(policy, "created", actor)
    return policy


@transaction.atomic
def change_policy(  # noqa: PLR0913 - a policy is all of these
    policy: Policy,
    *,
    name: str,
    levels: Sequence[LevelSpec],
    actor: User | None,
    description: str = "",
    team: Team | None = None,
    repeat: int = 1,
    ack_timeout_seconds: int | None = None,
    acks_needed: int = 1,
    is_default: bool = False,
    version: int | None = None,
) -> Policy:
    """Change a policy; with `version` only if nobody changed it since. What runs keeps its plan."""
    _check(levels)
    row = Policy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    if version is not None and row.version != version:
        raise ChangedMeanwhile
    row.name, row.description, row.team, row.repeat = name.strip(), description, team, repeat
    row.ack_timeout_seconds, row.is_default, row.version = ack_timeout_seconds, is_default, row.version + 1
    row.acks_needed = acks_needed
    _make_room(row)
    _store(row)
    _write_levels(row, levels)
    _note(row, "changed", actor)
    return row


@transaction.atomic
def note_policy(policy: Policy, *, actor: User | None) -> None:
    """Count a policy's version up and tell of the change, where its rows were written by the admin site."""
    Policy.objects.filter(pk=policy.pk).update(version=F("version") + 1)
    _note(policy, "changed", actor)


@transaction.atomic
def remove_policy(policy: Policy, *, actor: User | None) -> None:
    """Remove a policy on which no route, no service and no alert without a route relies."""
    row = Policy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    if row.is_default:
        raise InUse("This is the default policy. Make another one the default first.")
    _note(row, "removed", actor)
    try:
        row.delete()
    except ProtectedError as error:
        names = sorted({str(thing._meta.verbose_name) for thing in error.protected_objects})  # noqa: SLF001
        raise InUse(
            f"A {' and a '.join(names)} still uses this policy. Give it another one first."
        ) from error


@transaction.atomic
def set_last_resort(
    *, actor: User | None, policy: Policy | None = None, user: User | None = None
) -> LastResort | None:
    """Say who is asked when a policy is exhausted: a policy, a person, or (neither) nobody beside the admins."""
    if policy is None and user is None:
        LastResort.objects.all().delete()
    else:
        LastResort.objects.update_or_create(id=1, defaults={"policy": policy, "user": user})
    bus.emit(events.LastResortChanged(1, str(policy or user or "")), actor=actor)
    live.changed("oncall")
    return LastResort.objects.select_related("policy", "user").first()


def _check(levels: Sequence[LevelSpec]) -> None:
    if not levels:
        raise NoLevels
    if found := unflagged(levels):
        raise PagesEveryone(found[0])


def _make_room(policy: Policy) -> None:
    if policy.is_default:
        Policy.objects.filter(is_default=True).exclude(pk=policy.pk).update(is_default=False)


def _store(policy: Policy) -> None:
    try:
        with transaction.atomic():
            policy.save()
    except IntegrityError as error:
        raise SameName from error


def _slug(name: str) -> str:
    base = slugify(name)[: LONGEST_SLUG - 4] or "policy"
    taken = RESERVED | set(Policy.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for n in range(len(taken) + 1) if (slug := base if n == 0 else f"{base}-{n + 1}") not in taken
    )


def _write_levels(policy: Policy, levels: Sequence[LevelSpec]) -> None:
    """Write levels over those at the same place: a round robin goes on where it was."""
    known = {row.position: row for row in policy.levels.select_for_update().order_by("pk")}
    rows = [known.get(n) or Level(policy=policy, position=n) for n in range(len(levels))]
    for row, level in zip(rows, levels, strict=True):
        row.timeout_seconds, row.round_robin = level.timeout_seconds, level.round_robin
        row.acks_needed, row.pages_everyone = level.acks_needed, level.pages_everyone
        row.branch = branch_to_json(level.branch) if level.branch else None
        row.description = level.description
    policy.levels.filter(position__gte=len(levels)).delete()
    Level.objects.bulk_update(
        [row for row in rows if row.pk],
        ["timeout_seconds", "round_robin", "acks_needed", "pages_everyone", "branch", "description"],
    )
    Level.objects.bulk_create(row for row in rows if not row.pk)
    Target.objects.filter(level__in=rows).delete()
    Target.objects.bulk_create(
        Target(
            level=row,
            user_id=target.id if target.kind is Kind.USER else None,
            schedule_id=target.id if target.kind is Kind.SCHEDULE else None,
            team_id=target.id if target.kind is Kind.TEAM else None,
            destination_id=target.id if target.kind is Kind.CHANNEL else None,
            turn=target.turn,
        )
        for row, level in zip(rows, levels, strict=True)
        for target in level.targets
    )
    # After the rows are written, whose keys wait for whoever deletes one of these schedules at the same moment.
    gone = Schedule.objects.filter(targets__level__in=rows, deleted_at__isnull=False).order_by("name").first()
    if gone is not None:
        raise ScheduleDeleted(gone)


def _note(policy: Policy, what: str, actor: User | None) -> None:
    count = policy.levels.count()
    summary = f"{policy.name}: {count} level{'' if count == 1 else 's'}, {policy.repeat} passes in all"
    bus.emit(events.PolicyChanged(policy.pk, what, summary), actor=actor)
    live.changed("oncall", f"policy-{policy.pk}")
