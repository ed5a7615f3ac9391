"""Whether a page's message is still wanted: what the outbox asks as it claims, so between an alert and its person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from core.channels.null import transport as null
from core.outbox import spending
from oncall.alerts.models import Urgency
from oncall.escalation.queries.notices import settled
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging.models import PageStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.models import Message

ANSWERS: dict[str, str] = {
    PageStatus.DECLINED: "the person declined",
    PageStatus.ACKNOWLEDGED: "the person acknowledged",
}
"""Why a page that was answered is sent no further, whatever others do."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the page of a message stands at this moment, in the order of the columns of `_STANDINGS`.

    None where there is no such person, contact method, channel, escalation, alert or incident.
    """

    status: str
    urgency: str
    person_is_active: bool | None
    method_is_enabled: bool | None
    channel_is_enabled: bool | None
    channel_hears_private: bool | None
    escalation: str | None
    epoch: int | None
    by_hand: bool | None
    alert: str | None
    incident: str | None
    is_private: bool

    @property
    def is_urgent(self) -> bool:
        """Whether no limit of a day holds it back."""
        return self.escalation is not None and self.urgency == Urgency.HIGH


# Single values rather than joins: to plan those takes longer than to read the rows.
_STANDINGS = """
select asked.message, p.status, p.urgency,
    (select is_active from accounts_user where id = p.user_id),
    (select is_enabled from oncall_contactmethod where id = asked.method),
    (select is_enabled from oncall_destination where id = p.destination_id),
    (select hears_private from oncall_destination where id = p.destination_id),
    e.status, e.epoch, e.by_hand, a.status,
    (select status from incidents_incident where id = e.incident_id),
    coalesce((select private from incidents_incident where id = coalesce(e.incident_id, a.incident_id)), false)
from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) as asked (message, page, method)
join oncall_page p on p.id = asked.page
left join oncall_escalation e on e.id = p.escalation_id
left join oncall_alert a on a.id = e.alert_id"""


def unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which messages of pages are no longer wanted and why: the guard, with one query for all of them.

    Another says what the day's limit has no room for, where there is one: high urgency always has room.
    """
    standings = _standings(messages)
    reasons = {message.pk: _unwanted(message, standings.get(message.pk)) for message in messages}
    urgent = {pk for pk, standing in standings.items() if standing.is_urgent}
    wanted_still = [message for message in messages if not reasons[message.pk]]
    reasons |= dict.fromkeys(spending.too_much(wanted_still, urgent=urgent), words.CAPPED)
    return {pk: reason for pk, reason in reasons.items() if reason}


def _standings(messages: Sequence[Message]) -> dict[int, _Standing]:
    asked = [(message.pk, message.subject_id, message.content.get("method")) for message in messages]
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, [list(column) for column in zip(*asked, strict=True)])
        return {pk: _Standing(*columns) for pk, *columns in cursor.fetchall()}


def _unwanted(message: Message, page: _Standing | None) -> str:
    if page is None:
        return "the page is gone"
    if message.content.get("destination") is not None:
        return _told(page) or _overtaken(message, page)
    if message.channel != null.KIND and not page.person_is_active:
        return words.CLOSED
    if message.content.get("method") is not None and not page.method_is_enabled:
        return words.REMOVED if page.method_is_enabled is None else words.DISABLED
    return _overtaken(message, page)


def _told(page: _Standing) -> str:
    """Why a channel is not told, "" where it is."""
    if not page.channel_is_enabled:
        return words.REMOVED if page.channel_is_enabled is None else words.DISABLED
    return words.PRIVATE if page.is_private and not page.channel_hears_private else ""


def _overtaken(message: Message, page: _Standing) -> str:
    if page.escalation is None:
        return ""
    if page.status in ANSWERS:
        return ANSWERS[page.status]
    if page.epoch != message.epoch:
        return f"the page was overtaken: {page.escalation}"
    if page.escalation not in paging.WAITING:
        return f"nobody needs to be asked any more: {page.escalation}"
    return settled(page.alert, page.incident, by_hand=bool(page.by_hand))
