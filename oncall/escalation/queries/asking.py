"""Whom a plan asks at an instant, and who is asked next."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q

from core.accounts.models import Role, User
from oncall.escalation import rules
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.rules import Kind, LevelSpec, Plan, Position, TargetSpec
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from incidents.lifecycle.models import Incident
    from oncall.alerts.models import Alert
    from oncall.schedules.rules import Slice

log = logging.getLogger(__name__)

RELATED = ("alert__service", "alert__incident__severity", "incident__severity", "started_by")
"""What a notice about an escalation reads."""


def now() -> datetime:
    """Give the database's clock, by which everything here is due."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the query gives one row, for the type checker
    at: datetime = row[0]
    return at


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a level asks at an instant: people with how they came to be it, and the targets that are nobody."""

    people: tuple[tuple[int, str], ...] = ()
    nobody: tuple[str, ...] = ()

    @property
    def ids(self) -> list[int]:
        """The people alone."""
        return [user_id for user_id, _ in self.people]


def whom(levels: Sequence[LevelSpec], *, at: datetime) -> list[Found]:
    """Give whom each level asks at an instant; every schedule is resolved once."""
    wanted = {target.id for level in levels for target in level.targets if target.kind is Kind.SCHEDULE}
    on_call = _on_call(sorted(wanted), at)
    return [_found(level, on_call) for level in levels]


def _found(level: LevelSpec, on_call: Mapping[int, Slice | None]) -> Found:
    people: dict[int, str] = {}
    nobody = [] if level.targets else ["It has no target"]
    for target in level.targets:
        if target.kind is Kind.USER:
            people.setdefault(target.id, "")
            continue
        found = on_call.get(target.id)
        for user_id in found.users if found else ():
            people.setdefault(user_id, f"on call in {target.name}")
        if not found or not found.users:
            nobody.append(_gap(target, found))
    return Found(tuple(people.items()), tuple(nobody))


def _gap(target: TargetSpec, found: Slice | None) -> str:
    if found is None:
        return f"The schedule {target.name} cannot be read"
    return f"Nobody is on call in {target.name}" + (f" ({found.reason})" if found.reason else "")


def _on_call(ids: Sequence[int], at: datetime) -> dict[int, Slice | None]:
    """Who is on call; a schedule that cannot be read costs its own answer and no other."""
    if not ids:
        return {}
    try:
        with transaction.atomic():
            return dict(schedules.on_call(ids, at))
    except Exception:
        log.exception("schedules %s could not be read together", ids)
    return {id_: _on_call_alone(id_, at) for id_ in ids}


def _on_call_alone(id_: int, at: datetime) -> Slice | None:
    try:
        with transaction.atomic():
            return schedules.on_call([id_], at).get(id_)
    except Exception:
        log.exception("the schedule %s could not be read", id_)
        return None


def following(
    plan: Plan, position: Position, found: Mapping[LevelSpec, Found] | None = None, *, at: datetime
) -> tuple[Position, tuple[int, ...]] | None:
    """Give the next position that asks somebody, with whom; None when the plan gives up instead.

    Levels that ask nobody are passed over, because the pager does not wait for them.
    """
    known = found or dict(zip(plan.levels, whom(plan.levels, at=at), strict=True))
    for _ in range(len(plan.levels)):
        if rules.is_over(plan, position):
            return None
        if ids := known[plan.levels[position.level]].ids:
            return position, tuple(ids)
        position = rules.after(plan, position)
    return None


@dataclass(frozen=True, slots=True)
class NextUp:
    """Who is asked next unless somebody acknowledges, and when. Without people it gives up then."""

    at: datetime
    people: tuple[User, ...]
    position: Position | None

    @property
    def gives_up(self) -> bool:
        """Whether nobody is asked any more."""
        return not self.people


def next_up(escalation: Escalation) -> NextUp | None:
    """Give who is asked next and when, None while it is not escalating."""
    if escalation.status != EscalationStatus.ESCALATING or escalation.next_at is None:
        return None
    plan = rules.from_json(escalation.plan)
    found = following(plan, Position(escalation.round, escalation.level), at=escalation.next_at)
    if found is None:
        return NextUp(escalation.next_at, (), None)
    position, ids = found
    people = {user.pk: user for user in User.objects.active().filter(pk__in=ids)}
    return NextUp(escalation.next_at, tuple(people[id_] for id_ in ids if id_ in people), position)


def asked_after(escalation: Escalation, *, at: datetime) -> tuple[User, ...]:
    """Give who would be asked if an escalation that somebody has were passed on at an instant."""
    plan = rules.from_json(escalation.plan)
    found = following(plan, Position(escalation.round, escalation.level), at=at)
    people = {user.pk: user for user in User.objects.active().filter(pk__in=found[1])} if found else {}
    return tuple(people[id_] for id_ in found[1] if id_ in people) if found else ()


def current(*, alert: Alert | None = None, incident: Incident | None = None) -> Escalation | None:
    """Give the latest escalation of an alert or an incident that is not a page by hand."""
    found = Escalation.objects.select_related("acknowledged_by", *RELATED).filter(by_hand=False)
    found = found.filter(alert=alert) if alert is not None else found.filter(incident=incident)
    return found.order_by("-generation").first()


def is_asked(incident_id: int, *, by_alerts: bool = True) -> bool:
    """Say whether anybody was ever asked about an incident that is open, by itself or (`by_alerts`) by its alerts."""
    own = Q(incident=incident_id) & ~Q(status=EscalationStatus.CLOSED)
    about = own | Q(alert__incident=incident_id) if by_alerts else own
    return Escalation.objects.filter(about, by_hand=False).exists()


def live(*, alert_ids: Iterable[int] = (), incident_ids: Iterable[int] = ()) -> QuerySet[Escalation]:
    """Give the escalations about these alerts and incidents that are not closed, with those of hand pages."""
    about = Q(alert__in=list(alert_ids)) | Q(incident__in=list(incident_ids))
    return Escalation.objects.exclude(status=EscalationStatus.CLOSED).filter(about)


def admins() -> list[User]:
    """Give everybody who can be asked when nobody else can."""
    return list(User.objects.active().filter(role=Role.ADMIN).order_by("id"))
