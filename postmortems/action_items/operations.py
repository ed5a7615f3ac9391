from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from core import live
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.timers import operations as timers
from postmortems.action_items.models import ActionItem, ActionStatus, Kind
from postmortems.events import ActionItemDone, ActionItemOverdue

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.registry import FollowUp

OVERDUE = "postmortems.action_overdue"

ALLOWED: dict[str, frozenset[str]] = {
    ActionStatus.OPEN: frozenset({ActionStatus.IN_PROGRESS, ActionStatus.DONE, ActionStatus.DROPPED}),
    ActionStatus.IN_PROGRESS: frozenset({ActionStatus.OPEN, ActionStatus.DONE, ActionStatus.DROPPED}),
    ActionStatus.DONE: frozenset({ActionStatus.OPEN, ActionStatus.VERIFIED}),
    ActionStatus.VERIFIED: frozenset({ActionStatus.OPEN}),
    ActionStatus.DROPPED: frozenset({ActionStatus.OPEN}),
}


class ReasonMissing(Refused):
    """Dropping an item needs a reason, so that the next reader knows it was a decision."""


class NotAllowed(Refused):
    """The item is in a state that does not lead there."""


@transaction.atomic
def create(*, actor: User, title: str, postmortem_id: int | None = None, **fields: Any) -> ActionItem:
    """Add an action item; `fields` are kind, owner, due_on and priority."""
    item = ActionItem.objects.create(title=title, postmortem_id=postmortem_id, created_by=actor, **fields)
    _watch(item)
    _changed(item)
    return item


@transaction.atomic
def follow_up(wanted: FollowUp, actor: User) -> str:
    """Keep work that came from outside of a postmortem, once for each key; give its address."""
    item, made = ActionItem.objects.get_or_create(
        key=wanted.key,
        defaults={
            "title": wanted.title[:200],
            "about": wanted.about[:200],
            "path": wanted.path[:200],
            "kind": Kind(wanted.kind),
            "owner": wanted.owner,
            "due_on": wanted.due_on,
            "created_by": actor,
        },
    )
    if made:
        _watch(item)
        _changed(item)
    return reverse("postmortems:action-item", args=[item.pk])


@transaction.atomic
def edit(item: ActionItem, *, changes: dict[str, Any]) -> None:
    """Change title, kind, owner, due_on or priority."""
    for name, value in changes.items():
        setattr(item, name, value)
    item.save(update_fields=list(changes))
    _watch(item)
    _changed(item)


@transaction.atomic
def change(
    item: ActionItem, *, changes: dict[str, Any], to: str | None, reason: str = "", actor: User
) -> None:
    """Edit and move in one step: all of it or nothing."""
    if changes:
        edit(item, changes=changes)
    if to is not None:
        move(item, to=to, actor=actor, reason=reason)


@transaction.atomic
def move(item: ActionItem, *, to: str, actor: User, reason: str = "") -> None:
    """Take an item to another state; dropping needs a reason."""
    locked = ActionItem.objects.select_for_update().get(pk=item.pk)
    if locked.status == to:
        return
    if to not in ALLOWED[locked.status]:
        raise NotAllowed(
            f"This item is {locked.get_status_display().lower()}; it cannot become {to.replace('_', ' ')}."
        )
    if to == ActionStatus.DROPPED and not reason.strip():
        raise ReasonMissing("Say why it is dropped.")
    ended = to in {ActionStatus.DONE, ActionStatus.VERIFIED, ActionStatus.DROPPED}
    ActionItem.objects.filter(pk=item.pk).update(
        status=to,
        done_at=Now() if ended and locked.done_at is None else locked.done_at if ended else None,
        dropped_reason=reason.strip() if to == ActionStatus.DROPPED else "",
    )
    item.refresh_from_db()
    if ended:
        timers.cancel(OVERDUE, [item.pk])
        bus.emit(ActionItemDone(item.pk, to), actor=actor)
    else:
        _watch(item)
    _changed(item)


@transaction.atomic
def tell_overdue(item_id: int, *, occurrence: str) -> None:
    """Remind the owner that the date has passed; nothing for an item that ended or was given another date."""
    item = ActionItem.objects.open().select_related("owner").filter(pk=item_id).first()
    if item is None or item.due_on is None or item.due_on.isoformat() != occurrence:
        return
    bus.emit(ActionItemOverdue(item.pk, item.owner_id))
    if item.owner is None or not item.owner.is_active:
        return
    outbox.put(
        [
            outbox.NewMessage(
                key=f"{OVERDUE}:{item.pk}:{occurrence}",
                client=OVERDUE,
                subject_id=item.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=item.owner.email,
                user_id=item.owner.pk,
                content={
                    "subject": "An action item of yours is overdue",
                    "text": f"It was due on {item.due_on:%d %b %Y}. Do it, give it another date, or drop it with a reason.",
                    "url": f"{settings.BASE_URL}/action-items/{item.pk}/",
                },
            )
        ]
    )


def _watch(item: ActionItem) -> None:
    if item.due_on is None or item.status not in {ActionStatus.OPEN, ActionStatus.IN_PROGRESS}:
        timers.cancel(OVERDUE, [item.pk])
        return
    zone = ZoneInfo(item.owner.time_zone if item.owner else settings.ORGANISATION_TIME_ZONE)
    at = datetime.combine(item.due_on + timedelta(days=1), time(9), zone)
    timers.cancel(OVERDUE, [item.pk])
    timers.set(OVERDUE, item.pk, occurrence=item.due_on.isoformat(), due_at=at)


def _changed(item: ActionItem) -> None:
    topics = ["actions"]
    if item.postmortem_id:
        topics.append(f"postmortem-{item.postmortem_id}")
    if item.owner_id:
        topics.append(f"home-{item.owner_id}")
    live.changed(*topics)
