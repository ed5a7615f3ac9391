"""Tell people that their future duty changed: one mail per edit, with what they gained and lost, to nobody who did it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts import queries as accounts
from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.handoffs import rules
from oncall.handoffs.models import KnownDuty
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from oncall.schedules.rules.compare import Change

CHANGED = "oncall.duty_changed"
AHEAD = timedelta(days=90)
EXTENDED_BELOW = timedelta(days=60)
AT_ONCE = 20


@transaction.atomic
def schedule_changed(
    schedule_id: int,
    *,
    event_id: int,
    actor_id: int | None,
    told: Collection[int] = (),
    spans: Iterable[Sequence[str]] = (),
) -> int:
    """Mail everybody but the actor whose duty of the next 90 days is not what it was; give the number of mails.

    Those in `told` know what changes for them within `spans`: they are mailed of the rest.
    """
    schedule = Schedule.objects.select_for_update(no_key=True).filter(pk=schedule_id).first()
    if schedule is None:
        return 0
    now = timezone.now()
    known = KnownDuty.objects.filter(schedule=schedule).first()
    new = _final(schedule_id, now, now + AHEAD)
    found: Mapping[int, Sequence[Change]] = {}
    if known is not None and now < known.until:
        old = rules.cut(rules.read(known.stretches), now, known.until)
        found = rules.changes(old, rules.cut(new, now, known.until))
    KnownDuty.objects.update_or_create(
        schedule=schedule, defaults={"until": now + AHEAD, "stretches": rules.stored(new)}
    )
    known_by = rules.spans(spans)
    found = {pk: rules.beside(own, known_by) if pk in told else own for pk, own in found.items()}
    news = {pk for pk, own in found.items() if own} - {actor_id}
    people = User.objects.active().filter(pk__in=news).order_by("pk")
    return len(outbox.put([_mail(schedule, user, found[user.pk], event_id) for user in people if user.email]))


def _final(schedule_id: int, start: datetime, end: datetime) -> list[rules.Stretch]:
    read = schedules.resolve([schedule_id], start=start, end=end)
    return rules.plain(read[schedule_id].final(start, end))


def _mail(schedule: Schedule, user: User, found: Sequence[Change], event_id: int) -> outbox.NewMessage:
    url = schedules.address(schedule)
    text = rules.said(found, accounts.zone(user.time_zone))
    return outbox.NewMessage(
        key=f"duty-{schedule.pk}-{user.pk}-{event_id}",
        client=CHANGED,
        subject_id=schedule.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=user.email,
        user_id=user.pk,
        content={
            "subject": f"Your on-call duty in {schedule.name} changed",
            "text": f"{text}\n\n{url}",
            "url": url,
        },
    )


def person_left(user_id: int, *, event_id: int, actor_id: int | None) -> None:
    """Tell whoever has the duty of somebody whose account was closed."""
    for schedule_id in schedules.naming([user_id]):
        schedule_changed(schedule_id, event_id=event_id, actor_id=actor_id)


def extend() -> int:
    """Note what is to come further ahead, as time passes, without telling anybody; give how many schedules it were."""
    now = timezone.now()
    known = KnownDuty.objects.filter(until__gte=now + EXTENDED_BELOW).values("schedule")
    rows = (
        Schedule.objects.exclude(pk__in=known).order_by("pk").select_for_update(no_key=True, skip_locked=True)
    )
    due = list(rows[:AT_ONCE])
    before = KnownDuty.objects.in_bulk([row.pk for row in due])
    for row in due:
        old = before.get(row.pk)
        # What lies between was not compared yet where an edit is still to be told.
        start = max(now, old.until) if old else now
        kept = rules.cut(rules.read(old.stretches), now, old.until) if old else []
        stretches = [*kept, *_final(row.pk, start, now + AHEAD)]
        KnownDuty.objects.update_or_create(
            schedule=row, defaults={"until": now + AHEAD, "stretches": rules.stored(stretches)}
        )
    return len(due)
