"""Warn the owners of a schedule of what will be wrong with it, 14, 3 and 1 days before, once each."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.events import bus
from core.live import publish as live
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.events import ScheduleLimitsChanged
from oncall.lookahead import queries
from oncall.lookahead.models import AheadWarning, ScheduleLimits
from oncall.lookahead.rules.worries import STANDING, WARNED_DAYS, stem_of, warned_at
from oncall.schedules import operations as editing
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.lookahead.rules.worries import Worry

CLIENT = "oncall.lookahead"


@transaction.atomic
def set_limits(
    schedule: Schedule, *, people: int, days: int, rest_hours: int, seen: str = "", actor: User
) -> None:
    """Say what is too small, too long or too short for a schedule. What was `seen` before has to hold still."""
    require(actor, Verb.CONFIGURE, schedule.team)
    editing.locked(schedule)
    known = queries.limits_of(Schedule.objects.select_related("limits").get(pk=schedule.pk))
    if seen and seen != known.said:
        raise editing.SetMeanwhile(
            f"at least {known.people} people, {known.days} days, {known.rest_hours} hours of rest"
        )
    given = {"people": people, "days": days, "rest_hours": rest_hours}
    ScheduleLimits.objects.update_or_create(schedule_id=schedule.pk, defaults=given)
    bus.emit(ScheduleLimitsChanged(schedule.pk, **given), actor=actor)
    live.changed(f"schedule-{schedule.pk}", "oncall")


def warn() -> int:
    """Promise the mails that are due now and were not sent yet, one per schedule and owner; give their number."""
    now = timezone.now()
    return _promise(queries.worries(now), now=now)


@transaction.atomic
def _promise(found: Mapping[int, Sequence[Worry]], *, now: datetime) -> int:
    with connection.cursor() as cursor:
        # Two pagers that look at the same moment would each mail what the other has not noted yet.
        cursor.execute("select pg_advisory_xact_lock(hashtext('oncall_lookahead'))")
    due = {
        (pk, worry.key, days): worry
        for pk, some in found.items()
        for worry in some
        for days in [warned_at(worry.start, now=now)]
        if days is not None and worry.is_mailed
    }
    known = set(
        AheadWarning.objects.filter(schedule__in={pk for pk, _, _ in due}).values_list(
            "schedule", "key", "days"
        )
    )
    stems = {(pk, stem_of(key)) for pk, key, days in known if days == WARNED_DAYS[0]}
    new = {key: worry for key, worry in due.items() if key not in known and not _lasts(key, stems)}
    AheadWarning.objects.bulk_create(
        [AheadWarning(schedule_id=pk, key=key, days=days) for pk, key, days in new]
    )
    return len(outbox.put(_mails(new)))


def _lasts(key: tuple[int, str, int], stems: Collection[tuple[int, str]]) -> bool:
    """Whether it was told when it began, and lasts for so long by now that its begin is not known any more."""
    schedule_id, name, _ = key
    return name.endswith(STANDING) and (schedule_id, stem_of(name)) in stems


def _mails(new: Mapping[tuple[int, str, int], Worry]) -> list[outbox.NewMessage]:
    rows = list(schedules.schedules().filter(pk__in={pk for pk, _, _ in new})) if new else []
    owners = queries.owners(rows)
    return [
        _mail(row, user, {key: worry for key, worry in new.items() if key[0] == row.pk})
        for row in rows
        for user in owners[row.pk]
    ]


def _mail(schedule: Schedule, user: User, told: Mapping[tuple[int, str, int], Worry]) -> outbox.NewMessage:
    what = hashlib.sha256(repr(sorted(told)).encode()).hexdigest()[:16]
    return outbox.NewMessage(
        key=f"ahead-{schedule.pk}-{user.pk}-{timezone.now():%Y%m%d}-{what}",
        client=CLIENT,
        subject_id=schedule.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=user.email,
        user_id=user.pk,
        content=_content(schedule, list(told.values())),
    )


def _content(schedule: Schedule, told: Sequence[Worry]) -> dict[str, str]:
    url = settings.BASE_URL + reverse("oncall:schedule-ahead", args=[schedule.slug])
    more = f" And {len(told) - 1} more." if len(told) > 1 else ""
    lines = "\n\n".join(f"- {worry.text}\n  {worry.reason} {worry.fix}" for worry in told)
    return {
        "subject": f"{told[0].text}{more}"[:200],
        "text": f"{schedule.name}, times in {schedule.time_zone}:\n\n{lines}\n\n{url}",
        "url": url,
    }
