"""Let the incident room page schedules and policies, and say who is asked first for a service."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from core.people.directory import registry as directory
from incidents.audiences import registry as audiences
from incidents.board import registry as board
from incidents.catalog import registry as catalog
from incidents.closing import registry as closing
from incidents.command import registry as command
from incidents.lifecycle import registry as lifecycle
from incidents.readiness import registry as readiness
from incidents.runbooks import registry as runbooks
from incidents.ties import registry as ties
from oncall.absences import queries as absences
from oncall.alerts.models import Alert
from oncall.destinations import queries as destinations
from oncall.escalation import queries as escalations
from oncall.handoffs import queries as handoffs
from oncall.inbox import operations, queries
from oncall.prepared import queries as prepared
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def register() -> None:
    directory.add_consequences(handoffs.leaving)
    audiences.set_rooms(_rooms)
    board.set_first_paged(queries.first_paged)
    board.set_asked_first(queries.asked_first)
    board.set_alerted(queries.alerted)
    board.add_origin("alert", _alert)
    catalog.set_on_call(queries.on_call_for)
    catalog.set_on_duty(queries.on_duty)
    readiness.add_facts(prepared.facts)
    closing.add_finding("alerts", queries.still_firing)
    lifecycle.add_targets("schedule", queries.schedule_targets)
    lifecycle.add_targets("team", queries.team_targets)
    lifecycle.add_targets("policy", queries.policy_targets)
    command.set_absent(_absent)
    command.set_on_call(_commanding)
    ties.set_alerts(queries.of_incident_in_lines, operations.move)
    runbooks.set_alerts(_fired)


def _alert(user: User, alert_id: int) -> board.Origin | None:
    """What an incident begins with that is declared from an alert; none where it is part of one already."""
    alert = queries.visible(user).filter(pk=alert_id, incident=None).first()
    if alert is None:
        return None
    return board.Origin(
        label=f"The alert “{alert.title}”",
        url=queries.address(alert),
        title=alert.title,
        summary=alert.description,
        service_ids=[alert.service_id] if alert.service_id else [],
        is_asked=escalations.was_asked(alert),
        declare=partial(operations.declare, alert),
    )


def _fired(incident: Incident) -> list[runbooks.Fired]:
    rows = Alert.objects.filter(incident=incident).values_list("title", "labels").order_by("pk")
    return [runbooks.Fired(title, labels if isinstance(labels, dict) else {}) for title, labels in rows[:200]]


def _absent(ids: Collection[int], at: datetime) -> set[int]:
    return {away.user for away in absences.away(ids, start=at, end=at + timedelta(seconds=1))}


def _commanding(slug: str, at: datetime) -> Sequence[int]:
    """Who is on call in the schedule of commanders; nobody where it is gone."""
    found = schedules.schedules().filter(slug=slug).first()
    return schedules.on_call([found.pk], at)[found.pk].users if found else ()


def _rooms() -> list[audiences.Room]:
    return [
        audiences.Room(row.pk, row.name, row.channel, row.address, row.secret, row.hears_private)
        for row in destinations.everywhere()
    ]
