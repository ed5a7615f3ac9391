"""Let the incident room page schedules and policies, and say who is asked first for a service."""

from __future__ import annotations

from core.people.directory import registry as directory
from incidents.board import registry as board
from incidents.catalog import registry as catalog
from incidents.lifecycle import registry as lifecycle
from oncall.handoffs import queries as handoffs
from oncall.inbox import queries


def register() -> None:
    directory.add_consequences(handoffs.leaving)
    board.set_first_paged(queries.first_paged)
    catalog.set_on_call(queries.on_call_for)
    lifecycle.add_targets("schedule", queries.schedule_targets)
    lifecycle.add_targets("team", queries.team_targets)
    lifecycle.add_targets("policy", queries.policy_targets)
