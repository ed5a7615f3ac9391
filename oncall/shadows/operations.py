"""Let a trainee be paged along with those on call, and end that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import User
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.schedules import operations as schedules
from oncall.shadows import queries
from oncall.shadows.models import MOST_MINUTES, Shadow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.outbox.models import Message
    from core.outbox.registry import Outcome
    from oncall.schedules.models import Schedule

CLIENT = "oncall.shadows"
LONGEST = timedelta(days=92)
MOST = 20


class Impossible(Refused):
    """It makes no sense, or somebody may not; the message says which."""


@transaction.atomic
def add(  # noqa: PLR0913 - whom, behind whom, when and how
    schedule: Schedule,
    *,
    trainee: User,
    follows: User | None = None,
    start: datetime,
    end: datetime,
    is_reverse: bool = False,
    delay_minutes: int = 5,
    reason: str = "",
    actor: User,
) -> Shadow:
    """Let somebody be paged along with whoever is on call, or with one person, in [start, end). Managers say so.

    With `is_reverse` they are paged first, and who is on call `delay_minutes` later, unless somebody acknowledges.
    """
    require(actor, Verb.CONFIGURE, schedule.team)
    mine, now = schedules.locked(schedule), timezone.now()
    begin = max(start, now)
    if end <= begin:
        raise Impossible("This stretch is over already." if start < end else "It has to end after it starts.")
    if end - begin > LONGEST:
        raise Impossible(f"Somebody shadows for {LONGEST.days} days at most.")
    if not queries.trainees().filter(pk=trainee.pk).exists():
        raise Impossible(f"{trainee} cannot be paged: the account is closed, or only reads.")
    if not 0 <= delay_minutes <= MOST_MINUTES:
        raise Impossible(f"Whoever is on call waits from 0 to {MOST_MINUTES} minutes.")
    if trainee == follows:
        raise Impossible("Nobody shadows themselves.")
    if queries.of(mine).count() >= MOST:
        raise Impossible(f"{MOST} at a time are the most that a schedule can have.")
    shadow = Shadow.objects.create(
        schedule=mine,
        trainee=trainee,
        follows=follows,
        start=begin,
        end=end,
        is_reverse=is_reverse,
        delay_minutes=delay_minutes,
        reason=reason,
        created_by=actor,
    )
    schedules.mark(mine)
    schedules.changed(mine, at=begin, summary=f"Shadow: {shadow}", actor=actor)
    _tell(shadow, f"{shadow} in {mine.name}", key="added", but=actor)
    return shadow


@transaction.atomic
def end(shadow: Shadow, *, actor: User) -> None:
    """End it now. Managers do, and the trainee."""
    if actor != shadow.trainee:
        require(actor, Verb.CONFIGURE, shadow.schedule.team)
    mine, now = schedules.locked(shadow.schedule, also_deleted=True), timezone.now()
    changed = Shadow.objects.filter(pk=shadow.pk, ended_at=None, end__gt=now).update(ended_at=now)
    if not changed:
        raise Impossible("It is over already.")
    schedules.changed(mine, at=now, summary=f"Shadow ended: {shadow}", actor=actor)
    _tell(shadow, f"No longer: {shadow} in {mine.name}", key="ended", but=actor)


def _tell(shadow: Shadow, text: str, *, key: str, but: User) -> None:
    both = {user.pk: user for user in (shadow.trainee, shadow.follows) if user is not None and user != but}
    address = f"{settings.BASE_URL}/on-call/{shadow.schedule.slug}/shadows/"
    outbox.put(
        [
            outbox.NewMessage(
                key=f"shadow-{shadow.pk}-{key}-{user.pk}",
                client=CLIENT,
                subject_id=shadow.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=user.email,
                user_id=user.pk,
                content={"subject": " ".join(text.split())[:200], "text": _said(shadow, user, text, address)},
            )
            for user in both.values()
        ]
    )


def _said(shadow: Shadow, user: User, text: str, address: str) -> str:
    zone = people.zone(user.time_zone)
    first, last = (f"{at.astimezone(zone):%a %d %b %H:%M %Z}" for at in (shadow.start, shadow.end))
    why = f"\n{shadow.reason}" if shadow.reason else ""
    return f"{text}\n\n{first} to {last}{why}\n\n{_how(shadow)}\n\n{address}"


def _how(shadow: Shadow) -> str:
    if not shadow.is_reverse:
        return "The trainee gets the same pages at the same time."
    later = f"{shadow.delay_minutes} min later, unless somebody has acknowledged"
    return (
        f"The trainee is paged first. {shadow.follows or 'Whoever is on call'} is paged"
        f" {later if shadow.delay_minutes else 'at the same time'}, and stays on call: hours, pay and calendars are theirs."
    )


def unwanted(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back mails to people who left: the guard."""
    ids = [each.user_id for each in messages if each.user_id is not None]
    active = set(User.objects.active().filter(pk__in=ids).values_list("pk", flat=True))
    return {each.pk: "the account is closed" for each in messages if each.user_id not in active}


def hear(_: Sequence[Outcome]) -> None:
    """Nothing depends on a mail: the page of the schedule's shadows says the same."""
