"""Say how long those who hand a schedule over talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.events import bus
from core.live import publish as live
from oncall.events import HandoffTalkChanged
from oncall.handoffs import queries
from oncall.handoffs.models import HandoffTalk
from oncall.schedules import operations as schedules

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.schedules.models import Schedule


@transaction.atomic
def set_talk(schedule: Schedule, *, minutes: int, seen: int | None = None, actor: User) -> None:
    """Say for how many minutes they talk at each hand-off; 0: not at all. What was `seen` before has to hold still."""
    require(actor, Verb.CONFIGURE, schedule.team)
    schedules.locked(schedule)
    if seen is not None and (known := queries.talk_minutes(schedule)) != seen:
        raise schedules.SetMeanwhile(f"{known} minutes")
    talk, is_new = HandoffTalk.objects.select_for_update().get_or_create(
        schedule_id=schedule.pk, defaults={"minutes": minutes}
    )
    if not is_new:
        if talk.minutes == minutes:
            return
        talk.minutes, talk.changes, talk.changed_at = minutes, talk.changes + 1, timezone.now()
        talk.save()
    bus.emit(HandoffTalkChanged(schedule.pk, minutes), actor=actor)
    live.changed(f"schedule-{schedule.pk}", "oncall")
