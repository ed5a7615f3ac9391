"""Start escalations: a policy becomes a plan, the plan a row whose first level is due at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from core import live
from core.events import nudge
from oncall.escalation import queries
from oncall.escalation.models import Escalation
from oncall.escalation.rules.acks import acks_needed
from oncall.escalation.rules.plans import to_json
from oncall.paging import operations as paging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oncall.escalation.rules.plans import Plan

TRIES = 5


@dataclass(frozen=True, slots=True)
class Early:
    """Who was paged by break-glass, when and by which level, before the escalation could begin; `words` say by what."""

    at: datetime
    level: int
    people: tuple[int, ...]
    words: str

    @classmethod
    def of(cls, noted: dict[str, Any]) -> Early:
        """Read what was noted beside a signal."""
        at = datetime.fromisoformat(noted["at"])
        return cls(at, int(noted["level"]), tuple(noted["people"]), str(noted["words"]))

    @property
    def why(self) -> str:
        """What the ledger and every further page say of it."""
        return f"Paged by break-glass at {self.at.astimezone(UTC):%H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Start:
    """An escalation to begin, for an alert, an incident, or a message alone. `plan` is used instead of a policy.

    `acks` are those of the run before, which count for this one too.
    """

    alert_id: int | None = None
    incident_id: int | None = None
    policy_id: int | None = None
    urgency: str = "high"
    message: str = ""
    actor_id: int | None = None
    plan: Plan | None = None
    by_hand: bool = False
    is_last_resort: bool = False
    acks: Sequence[dict[str, Any]] = ()
    early: Early | None = None

    @property
    def about(self) -> tuple[int | None, int | None]:
        """The alert and the incident."""
        return self.alert_id, self.incident_id


# The generation is counted inside the statement; the loser of a race is counted again by the next round.
_INSERT = """
insert into oncall_escalation (alert_id, incident_id, policy_id, generation, urgency, plan, message, by_hand,
    is_last_resort, acks_needed, acks, status, round, level, epoch, next_at, started_by_id)
select alert_id, incident_id, policy_id, 1 + greatest(
        (select coalesce(max(generation), 0) from oncall_escalation old where old.alert_id = new.alert_id),
        (select coalesce(max(generation), 0) from oncall_escalation old where old.incident_id = new.incident_id)),
    urgency, plan, message, by_hand, is_last_resort, acks_needed, acks, 'escalating', 0, 0, 1,
    statement_timestamp(), actor_id
from jsonb_to_recordset(%s::jsonb) as new (alert_id bigint, incident_id bigint, policy_id bigint, urgency text,
    plan jsonb, message text, by_hand boolean, is_last_resort boolean, acks_needed int, acks jsonb, actor_id bigint)
on conflict do nothing
returning id, alert_id, incident_id
"""


def start_many(starts: Sequence[Start]) -> list[int]:
    """Begin escalations with their policies frozen as they are now; give their ids in the order of `starts`.

    A policy that is gone or has no level asks every admin, and says so. Runs in the caller's transaction, with a
    few statements however many there are.
    """
    if not starts:
        return []
    plans = _plans(starts)
    ids: dict[int, int] = {}
    with transaction.atomic(savepoint=False):
        for _ in range(TRIES):
            chosen = _distinct(starts, ids)
            if not chosen:
                break
            ids |= _insert({n: _row(starts[n], plans[n]) for n in chosen})
        for n, id_ in ids.items():
            _go_on_from(id_, starts[n], plans[n])
        transaction.on_commit(nudge.drain, robust=True)
    if len(ids) < len(starts):
        raise RuntimeError("escalations could not be started: others kept taking their numbers")
    _tell(starts)
    return [ids[n] for n in range(len(starts))]


def _plans(starts: Sequence[Start]) -> list[Plan]:
    wanted = {start.policy_id or 0 for start in starts if start.plan is None}
    found = queries.plans_of(wanted)
    known = {pk: queries.usable(found.get(pk)) for pk in wanted}
    return [_said(start, start.plan or known[start.policy_id or 0]) for start in starts]


def _said(start: Start, plan: Plan) -> Plan:
    """A plan whose first level was asked by break-glass says so on every page."""
    if start.early is None:
        return plan
    before = f"{start.early.why} ({start.early.words})"
    return replace(plan, reason=f"{before}. {plan.reason or f'Now {plan.name}'}"[:300])


def _go_on_from(id_: int, start: Start, plan: Plan) -> None:
    """Wait for those whom break-glass asked as long as their level says, then ask the next one."""
    early = start.early
    if early is None or not plan.levels:
        return
    level = min(early.level, len(plan.levels) - 1)
    paging.note_asked(
        id_, early.people, level=level, urgency=start.urgency, at=early.at, why=f"{early.why}: {early.words}"
    )
    Escalation.objects.filter(pk=id_).update(
        level=min(level + 1, len(plan.levels) - 1),
        next_at=early.at + timedelta(seconds=plan.levels[level].timeout_seconds),
    )


def _distinct(starts: Sequence[Start], done: dict[int, int]) -> list[int]:
    """The starts to insert next: of those about the same thing only one, because each gets a number of its own."""
    chosen: dict[tuple[int | None, int | None], int] = {}
    for n, start in enumerate(starts):
        if n not in done:
            chosen.setdefault(start.about, n)
    return list(chosen.values())


def _row(start: Start, plan: Plan) -> dict[str, Any]:
    return {
        "alert_id": start.alert_id,
        "incident_id": start.incident_id,
        "policy_id": start.policy_id,
        "urgency": start.urgency,
        "plan": to_json(plan),
        "message": start.message.replace("\x00", ""),
        "by_hand": start.by_hand,
        "is_last_resort": start.is_last_resort,
        "acks_needed": acks_needed(plan),
        "acks": list(start.acks),
        "actor_id": start.actor_id,
    }


def _insert(rows: dict[int, dict[str, Any]]) -> dict[int, int]:
    place = {(row["alert_id"], row["incident_id"]): n for n, row in rows.items()}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps(list(rows.values()))])
        return {place[alert_id, incident_id]: pk for pk, alert_id, incident_id in cursor.fetchall()}


def _tell(starts: Sequence[Start]) -> None:
    topics = {f"alert-{start.alert_id}" for start in starts if start.alert_id}
    topics |= {f"incident-{start.incident_id}" for start in starts if start.incident_id}
    live.changed("alerts", *topics)


def frozen(start: Start, *, reason: str) -> Start:
    """Give a start whose policy is already a plan, with the reason why these people are asked."""
    return replace(start, plan=replace(_plans([start])[0], reason=reason))
