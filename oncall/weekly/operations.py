"""Send each person a summary a week, and tell the channels of a team who is on call in the next one, once each."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import Team, User
from core.accounts.policy import Verb, require
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.events import WeeklySummaryChanged
from oncall.weekly import queries, rules
from oncall.weekly.models import WeeklySummary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.outbox.registry import Outcome

log = logging.getLogger(__name__)

CLIENT = "oncall.weekly"
MINE, TEAMS = "oncall.weekly_mine", "oncall.weekly_team"
AHEAD = timedelta(hours=24)


def plan() -> int:
    """Promise the summaries of the next day; give how many were not promised yet, or for another moment."""
    now = timezone.now()
    coming: dict[tuple[str, int, str], datetime] = {}
    for row in queries.everybody():
        at = queries.next_of(row, now=now)
        if at is not None and at <= now + AHEAD:
            coming[_promise_of(row, at)] = at
    known = {
        (timer.kind, timer.subject_id, timer.occurrence): timer.due_at
        for timer in Timer.objects.filter(
            kind__in=(MINE, TEAMS), occurrence__in={name for _, _, name in coming}, cancelled_at=None
        )
    }
    new = {key: at for key, at in coming.items() if known.get(key) != at}
    for (kind, pk, occurrence), at in new.items():
        timers.set(kind, pk, occurrence=occurrence, due_at=at)
    return len(new)


def _promise_of(row: WeeklySummary, at: datetime) -> tuple[str, int, str]:
    name = rules.occurrence(at, zone=queries.zone_of(row))
    return (MINE, row.user_id, name) if row.user_id else (TEAMS, row.team_id or 0, name)


@transaction.atomic
def choose(
    *,
    user: User | None = None,
    team: Team | None = None,
    is_on: bool,
    weekday: int,
    hour: int,
    time_zone: str = "UTC",
    actor: User,
) -> WeeklySummary:
    """Say when a person gets their summary, or whether and when the channels of a team are told; its managers do."""
    if team is not None:
        require(actor, Verb.CONFIGURE, team)
    elif user != actor:
        require(actor, Verb.ADMIN)
    given: dict[str, Any] = {"is_on": is_on, "weekday": weekday, "hour": hour, "time_zone": time_zone}
    row, _ = WeeklySummary.objects.update_or_create(user=user, team=team, defaults=given)
    timers.cancel(MINE if user else TEAMS, [row.user_id or row.team_id or 0])
    now = timezone.now()
    at = queries.next_of(row, now=now)
    if at is not None and at <= now + AHEAD:
        kind, pk, occurrence = _promise_of(row, at)
        timers.set(kind, pk, occurrence=occurrence, due_at=at)
    bus.emit(WeeklySummaryChanged(row.pk, row.user_id, row.team_id, is_on, weekday, hour), actor=actor)
    return row


def send_mine(timer: Timer) -> None:
    """Mail somebody their week, if they want it and there is anything to say; once however often it is tried."""
    user = User.objects.active().filter(pk=timer.subject_id).first()
    if user is None or not queries.of_user(user).is_on:
        return
    found = queries.summary(user, now=timezone.now())
    if not found.is_worth_it:
        return
    outbox.put(
        [
            outbox.NewMessage(
                key=f"weekly-{user.pk}-{timer.occurrence}",
                client=CLIENT,
                subject_id=user.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=user.email,
                user_id=user.pk,
                content=content(found),
            )
        ]
    )


def content(found: rules.Summary) -> dict[str, str]:
    """A summary as it is mailed."""
    url = settings.BASE_URL + reverse("oncall:my-shifts")
    chosen = settings.BASE_URL + reverse("oncall:weekly-summary")
    return {
        "subject": rules.subject(found),
        "text": rules.text(found, url=url, settings_url=chosen),
        "url": url,
    }


def send_team(timer: Timer) -> None:
    """Tell the channels of a team who is on call in the next seven days, if a manager wants that."""
    team = Team.objects.filter(pk=timer.subject_id).first()
    row = queries.of_team(team) if team else None
    if team is None or row is None or not row.is_on:
        return
    said = team_content(row, now=timezone.now())
    outbox.put(
        [
            outbox.NewMessage(
                key=f"weekly-team-{team.pk}-{timer.occurrence}-{room.pk}",
                client=CLIENT,
                subject_id=team.pk,
                lane=Lane.PEOPLE,
                channel=room.channel,
                address=room.address,
                secret=room.secret,
                content=said,
            )
            for room in queries.rooms(team)
            if said
        ]
    )


def team_content(row: WeeklySummary, *, now: datetime) -> dict[str, str]:
    """What the channels of a team are told, empty where it has no schedule."""
    assert row.team is not None  # noqa: S101 - only summaries of teams come here
    found = queries.turns(row.team, start=now, end=now + rules.TEAM_AHEAD)
    if not found:
        return {}
    name = row.team.name
    text = rules.team_text(name, found, zone=queries.zone_of(row))
    url = settings.BASE_URL + reverse("oncall:schedules")
    return {"subject": f"On call in {name} in the next seven days"[:200], "text": text, "url": url}


def hear(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when a summary did not arrive."""
    for outcome in outcomes:
        if outcome.state in ("failed", "expired", "unknown"):
            log.warning("a weekly summary could not be sent by %s: %s", outcome.channel, outcome.detail)
