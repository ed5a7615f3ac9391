"""Notice that the zone data is another one, and say whose hand-offs that moves."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection, transaction
from django.utils import timezone

from core.accounts import queries as accounts
from core.events import bus
from core.live import publish as live
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.clocks import queries, rules
from oncall.clocks.models import ClockChange, ZoneClock
from oncall.events import ScheduleClocksChanged
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from core.outbox.registry import Outcome

log = logging.getLogger(__name__)

CLIENT = "oncall.clocks"
EVERY = timedelta(hours=1)
BEHIND, AHEAD = timedelta(days=366), timedelta(days=731)
# A process that was not started anew yet has the old zone data: it is believed once no newer one was seen for so long.
BELIEVED_AFTER = timedelta(days=1)
AT_ONCE = 50


def notice() -> int:
    """Compare the zones in use with what they were, each once an hour; give how many were looked at."""
    return compare(queries.tzdata())


@transaction.atomic
def compare(tzdata: str) -> int:
    """Compare the zones in use with what they were, by zone data of this name; give how many were looked at."""
    with connection.cursor() as cursor:
        # Two pagers that look at the same moment would each tell what the other has not noted yet.
        cursor.execute("select pg_advisory_xact_lock(hashtext('oncall_clocks'))")
    now = timezone.now()
    used = queries.used(now)
    # A zone that is used again later is not compared with what it was long ago.
    ZoneClock.objects.exclude(zone__in=used).delete()
    known = ZoneClock.objects.in_bulk(list(used))
    due = [zone for zone in sorted(used) if _is_due(known.get(zone), tzdata)][:AT_ONCE]
    start, until = (now - BEHIND).replace(microsecond=0), (now + AHEAD).replace(microsecond=0)
    rows, changed = [], []
    for zone in due:
        try:
            moves = rules.moves(ZoneInfo(zone), start, until)
        except ZoneInfoNotFoundError:
            log.warning("zone data %s knows no zone %s, which schedules use", tzdata, zone)
            continue
        rows.append(ZoneClock(zone, tzdata, until, rules.stored_moves(moves), now))
        if (old := known.get(zone)) is not None and old.until > start:
            found = rules.differences(rules.read_moves(old.moves), moves, old.until)
            if found:
                changed += [_change(pk, old, tzdata, found) for pk in sorted(used[zone])]
    ZoneClock.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["zone"],
        update_fields=["tzdata", "until", "moves", "seen_at"],
    )
    _tell(changed)
    return len(due)


def _is_due(known: ZoneClock | None, tzdata: str) -> bool:
    if known is None:
        return True
    age = timezone.now() - known.seen_at
    if known.tzdata == tzdata:
        return age >= EVERY
    return age >= BELIEVED_AFTER or rules.order(tzdata) > rules.order(known.tzdata)


def _change(schedule_id: int, old: ZoneClock, tzdata: str, found: Sequence[rules.Stretch]) -> ClockChange:
    text = rules.said(old.zone, tzdata, found, now=timezone.now())
    return ClockChange(
        schedule_id=schedule_id,
        zone=old.zone,
        tzdata_before=old.tzdata,
        tzdata=tzdata,
        stretches=rules.stored(found),
        text=text,
        noticed_at=timezone.now(),
    )


def _tell(changed: Sequence[ClockChange]) -> None:
    if not changed:
        return
    ClockChange.objects.bulk_create(changed)
    bus.emit_all(
        [
            ScheduleClocksChanged(
                each.schedule_id,
                each.zone,
                each.tzdata_before,
                each.tzdata,
                str(each.stretches[0][0]),
                int(each.stretches[0][2]),
                each.text,
            )
            for each in changed
        ]
    )
    live.changed("oncall", *(f"schedule-{pk}" for pk in sorted({each.schedule_id for each in changed})))
    outbox.put(_mails(changed))


def _mails(changed: Sequence[ClockChange]) -> list[outbox.NewMessage]:
    """One mail per zone and person who answers for a schedule that it moves."""
    rows = Schedule.objects.in_bulk({each.schedule_id for each in changed})
    owners = accounts.managers_or_admins({row.team_id for row in rows.values()})
    found: defaultdict[tuple[str, int], list[ClockChange]] = defaultdict(list)
    people: dict[int, User] = {}
    for each in changed:
        for user in owners[rows[each.schedule_id].team_id]:
            people[user.pk] = user
            found[(each.zone, user.pk)].append(each)
    return [_mail(people[pk], some, rows) for (_, pk), some in found.items() if people[pk].email]


def _mail(user: User, some: Sequence[ClockChange], rows: Mapping[int, Schedule]) -> outbox.NewMessage:
    first = some[0]
    listed = "\n".join(
        f"- {rows[each.schedule_id]}: {schedules.address(rows[each.schedule_id])}" for each in some
    )
    return outbox.NewMessage(
        key=f"clocks-{first.pk}-{user.pk}",
        client=CLIENT,
        subject_id=first.schedule_id,
        lane=Lane.PEOPLE,
        channel="email",
        address=user.email,
        user_id=user.pk,
        content={
            "subject": f"The clocks of {first.zone} changed: hand-offs move",
            "text": f"{first.text}\n\nIt moves:\n{listed}\n\nWhose duty changes gets a mail of their own.",
            "url": schedules.address(rows[first.schedule_id]),
        },
    )


def hear(outcomes: Sequence[Outcome]) -> None:
    """Say in the log who could not be told: the calendar says it too."""
    for outcome in outcomes:
        if outcome.state in ("failed", "expired", "unknown"):
            log.warning("that clocks of schedule %s changed could not be mailed", outcome.subject_id)
