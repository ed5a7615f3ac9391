"""In the morning after a night with more pages than the limit the team hears of it, once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.mornings import queries, rules

if TYPE_CHECKING:
    from core.outbox.registry import Outcome
    from core.timers.models import Timer

log = logging.getLogger(__name__)

CLIENT = "oncall.night_report"


def report(timer: Timer) -> None:
    """Tell a person's team channels and managers, and the person, of their night; the same night is told once."""
    user = User.objects.active().filter(pk=timer.subject_id).first()
    if user is None:
        return
    start, end = (datetime.fromisoformat(timer.payload[edge]) for edge in ("start", "end"))
    found = queries.report(user, start=start, end=end, limit=timer.payload["limit"])
    content = {"subject": rules.subject(found), "text": rules.text(found), "url": found.url}
    key = f"night-{user.pk}-{timer.occurrence}"
    mails = [
        _message(f"{key}-user-{each.pk}", user, "email", each.email, content, user_id=each.pk)
        for each in queries.readers(user)
        if each.email
    ]
    told = [
        _message(f"{key}-room-{room.pk}", user, room.channel, room.address, content, secret=room.secret)
        for room in queries.rooms(user)
    ]
    outbox.put([*mails, *told])


def _message(
    key: str,
    about: User,
    channel: str,
    address: str,
    content: dict[str, str],
    *,
    secret: str = "",
    user_id: int | None = None,
) -> outbox.NewMessage:
    return outbox.NewMessage(
        key=key,
        client=CLIENT,
        subject_id=about.pk,
        lane=Lane.PEOPLE,
        channel=channel,
        address=address,
        secret=secret,
        user_id=user_id,
        content=dict(content),
    )


def hear_report(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when somebody could not be told of a night."""
    for outcome in outcomes:
        if outcome.state in ("failed", "expired", "unknown"):
            log.error("the night of user %s could not be told by %s", outcome.subject_id, outcome.channel)
