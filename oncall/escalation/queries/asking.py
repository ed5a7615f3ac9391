"""Whom a plan asks at an instant, and who is asked next."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from core.accounts import queries as people
from core.accounts.models import Role, User
from core.timers.models import Timer
from oncall.alerts.models import Status
from oncall.destinations import queries as destinations
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.rules import plans, targets
from oncall.escalation.rules.acks import ACK_TIMEOUT
from oncall.escalation.rules.plans import Kind, Plan, TargetSpec, Turn
from oncall.escalation.rules.steps import Position
from oncall.escalation.rules.targets import Answer
from oncall.matching.rules import Facts, judge
from oncall.paging import queries as paging
from oncall.paging.rules import Front
from oncall.schedules import queries as schedules
from oncall.schedules.rules.turns import TICK
from oncall.shadows import queries as shadows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from incidents.lifecycle.models import Incident
    from oncall.alerts.models import Alert
    from oncall.schedules.queries import Resolved
    from oncall.schedules.rules.resolver import Slice
    from oncall.shadows.models import Shadow

log = logging.getLogger(__name__)

MOST_OF_REASON = 200

OF_MOST = ("alert__service", "alert__integration")
OF_SOME = ("alert__incident__severity", "incident__severity", "started_by")
RELATED = (*OF_MOST, *OF_SOME)
"""What a notice about an escalation reads: of most there is the one part, of a few the other."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What targets are resolved from, read once and good for every instant of the window it was read for."""

    targets: frozenset[TargetSpec]
    schedules: Mapping[int, Resolved | None]
    teams: Mapping[int, tuple[int, ...]]
    active: frozenset[int]
    channels: frozenset[int] = frozenset()
    shadows: Mapping[int, Sequence[Shadow]] = field(default_factory=dict)

    def answers(self, at: datetime) -> dict[TargetSpec, Answer]:
        """Give whom each target is at an instant."""
        return {target: self._answer(target, at) for target in self.targets}

    def _answer(self, target: TargetSpec, at: datetime) -> Answer:
        if target.kind is Kind.TEAM:
            return _everybody(target, self.teams.get(target.id, ()))
        if target.kind is Kind.SCHEDULE:
            found = _turn(target, _slice(self.schedules.get(target.id), target.turn, at))
            trainees = self.shadows.get(target.id) if target.turn is Turn.NOW else None
            return _with(trainees, found, at) if trainees else found
        if target.kind is Kind.CHANNEL:
            return _told(target, told=target.id in self.channels)
        # Who has left is still named, for the ledger, and passed over by a round robin.
        left = target.id not in self.active
        return Answer((target.id,), reason=f"The account of {target.name} is closed" if left else "")


def reading(targets: Iterable[TargetSpec], *, start: datetime, end: datetime) -> Reading:
    """Read what these targets are resolved from in [start, end], with a few queries however many there are."""
    wanted = frozenset(targets)
    ids = {kind: {target.id for target in wanted if target.kind is kind} for kind in Kind}
    turns = {target.turn for target in wanted}
    start -= schedules.HORIZON if Turn.PREVIOUS in turns else timedelta()
    end += schedules.HORIZON if Turn.NEXT in turns else TICK
    resolved = _resolved(sorted(ids[Kind.SCHEDULE]), start, end)
    return Reading(
        wanted,
        resolved,
        people.responders(ids[Kind.TEAM]),
        people.active(ids[Kind.USER]),
        frozenset(_in_use(ids[Kind.CHANNEL])),
        shadows.readable([pk for pk, one in resolved.items() if one and one.is_marked], start=start, end=end),
    )


def answers(targets: Iterable[TargetSpec], *, at: datetime) -> dict[TargetSpec, Answer]:
    """Give whom each of these targets is at an instant."""
    return reading(targets, start=at, end=at).answers(at)


def _turn(target: TargetSpec, found: Slice | None) -> Answer:
    if found is None:
        return Answer(reason=f"The schedule {target.name} cannot be read")
    if not found.users:
        words = f"Nobody is {plans.TURNS[target.turn]} in {target.name}"
        return Answer(reason=words + (f" ({found.reason})" if found.reason else ""))
    return Answer(found.users, f"{plans.TURNS[target.turn]} in {target.name} ({_short(found.reason)})")


def _short(reason: str) -> str:
    """The schedule's own reason, as far as the ledger has room for it."""
    return reason if len(reason) <= MOST_OF_REASON else f"{reason[: MOST_OF_REASON - 1]}…"


def _with(trainees: Sequence[Shadow], found: Answer, at: datetime) -> Answer:
    """Those on call, after them the trainees who are paged along with them, and before them those in front of them."""
    learn = shadows.along(trainees, found.people, at=at)
    first = [each for each in learn if each.is_in_front]
    return replace(
        found,
        people=(
            *(each.id for each in first),
            *found.people,
            *(each.id for each in learn if not each.is_in_front),
        ),
        told=tuple((each.id, each.why) for each in learn),
        behind=tuple(
            (id_, Front(each.id, each.wait)) for each in first if each.wait is not None for id_ in each.of
        ),
    )


def _everybody(target: TargetSpec, members: tuple[int, ...]) -> Answer:
    if not members:
        return Answer(reason=f"The team {target.name} has no active responder")
    return Answer(members, f"in the team {target.name}")


def _in_use(ids: Collection[int]) -> list[int]:
    return [id_ for id_, row in destinations.known(ids).items() if row.is_enabled]


def _told(target: TargetSpec, *, told: bool) -> Answer:
    if told:
        return Answer(via=f"in the channel {target.name}", channels=(target.id,))
    return Answer(reason=f"The channel {target.name} is turned off")


def _resolved(ids: Sequence[int], start: datetime, end: datetime) -> dict[int, Resolved | None]:
    """Read schedules; one that cannot be read costs its own answer and no other."""
    if not ids:
        return {}
    try:
        with transaction.atomic():
            return dict(schedules.resolve(ids, start=start, end=end))
    except Exception:
        log.exception("schedules %s could not be read together", ids)
    return {id_: _resolved_alone(id_, start, end) for id_ in ids}


def _resolved_alone(id_: int, start: datetime, end: datetime) -> Resolved | None:
    try:
        with transaction.atomic():
            return schedules.resolve([id_], start=start, end=end).get(id_)
    except Exception:
        log.exception("the schedule %s could not be read", id_)
        return None


def _slice(schedule: Resolved | None, turn: Turn, at: datetime) -> Slice | None:
    """Who has that turn of a schedule; None where it cannot be worked out."""
    if schedule is None:
        return None
    try:
        if turn is Turn.NOW:
            return schedule.at(at)
        return schedule.beside(at, before=turn is Turn.PREVIOUS)
    except Exception:
        log.exception("the schedule %s could not be resolved", schedule.schedule_id)
        return None


def following(
    plan: Plan,
    position: Position,
    *,
    at: datetime,
    facts: Facts,
    without: Collection[int] = (),
    people_alone: bool = False,
) -> tuple[Position, tuple[int, ...]] | None:
    """Give the next position that asks somebody at an instant, with whom; None when the plan gives up instead."""
    known = answers(targets_of(plan), at=at)
    return targets.following(
        plan, position, known, facts=facts, at=at, without=without, people_alone=people_alone
    )


def passed_on_to(
    escalation: Escalation, position: Position, *, at: datetime
) -> tuple[Position, tuple[int, ...]] | None:
    """Give the people who are asked when an escalation is passed on at a position, past all channels, and where."""
    facts, no = facts_of(escalation), _unasked(escalation)
    plan = plans.from_json(escalation.plan)
    return following(plan, position, at=at, facts=facts, without=no, people_alone=True)


def facts_of(escalation: Escalation) -> Facts:
    """Give what the branches of a plan are decided by, of an escalation read with its alert and incident."""
    alert, incident = escalation.alert, escalation.incident
    if alert is None:
        severity = incident.severity.slug if incident else ""
        title = incident.title if incident else escalation.message
        return Facts(urgency=escalation.urgency, title=title, severity=severity)
    return Facts(
        urgency=escalation.urgency,
        title=alert.title,
        severity=alert.severity,
        source=alert.integration.name if alert.integration else "",
        labels=_texts(alert.labels),
        annotations=_texts(alert.annotations),
    )


def _texts(stored: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in stored.items()} if isinstance(stored, dict) else {}


def targets_of(plan: Plan) -> list[TargetSpec]:
    """Give every target of a plan."""
    return [target for level in plan.levels for target in level.targets]


@dataclass(frozen=True, slots=True)
class Told:
    """A channel among those who are asked, by its number below zero."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        """Give its name, which has no shorter form."""
        return self.name


@dataclass(frozen=True, slots=True)
class NextUp:
    """Who is asked next unless somebody acknowledges, channels among them, and when. Without anybody it gives up then."""

    at: datetime
    people: tuple[User | Told, ...]
    position: Position | None

    @property
    def gives_up(self) -> bool:
        """Whether nobody is asked any more."""
        return not self.people


def next_up(escalation: Escalation) -> NextUp | None:
    """Give who is asked next and when, None while it is not escalating."""
    if escalation.status != EscalationStatus.ESCALATING or escalation.next_at is None:
        return None
    plan = plans.from_json(escalation.plan)
    no = {
        *escalation.acked_by,
        *(paging.decliners([escalation.pk])[escalation.pk] if escalation.by_hand else ()),
    }
    at, facts = escalation.next_at, facts_of(escalation)
    found = following(plan, Position(escalation.round, escalation.level), at=at, facts=facts, without=no)
    if found is None:
        return NextUp(at, (), None)
    position, ids = found
    until = judge(plan.levels[position.level].branch, facts, at=at).until
    known: dict[int, User | Told] = {user.pk: user for user in User.objects.active().filter(pk__in=ids)}
    known |= {id_: Told(id_, name) for id_, name in channel_names(plan).items()}
    return NextUp(until or at, tuple(known[id_] for id_ in ids if id_ in known), position)


def channel_names(plan: Plan) -> dict[int, str]:
    """Give the names of the channels in a plan, by their numbers below zero."""
    return {-target.id: target.name for target in targets_of(plan) if target.kind is Kind.CHANNEL}


def asked_after(escalation: Escalation, *, at: datetime) -> tuple[User, ...]:
    """Give who would be asked if an escalation that somebody has were passed on at an instant."""
    return _asked_from(escalation, Position(escalation.round, escalation.level), at)


def asked_first(escalation: Escalation, *, at: datetime) -> tuple[User, ...]:
    """Give who would be asked if an escalation started from the top at an instant."""
    return _asked_from(escalation, Position(), at)


def _asked_from(escalation: Escalation, position: Position, at: datetime) -> tuple[User, ...]:
    found = passed_on_to(escalation, position, at=at)
    known = {user.pk: user for user in User.objects.active().filter(pk__in=found[1])} if found else {}
    return tuple(known[id_] for id_ in found[1] if id_ in known) if found else ()


def asks_again_at(alert: Alert) -> datetime | None:
    """Give when an alert that somebody has is asked about again unless it ends; None: never.

    An open incident is left to the people at work there.
    """
    if alert.status != Status.ACKNOWLEDGED or (alert.incident and alert.incident.is_active):
        return None
    runs = Escalation.objects.filter(alert=alert, by_hand=False, status=EscalationStatus.ACKNOWLEDGED)
    promised = dict(runs.filter(plan__ack_timeout__gt=0).values_list("pk", "epoch"))
    timers = Timer.objects.filter(kind=ACK_TIMEOUT, subject_id__in=promised) if promised else ()
    due = [
        timer.due_at
        for timer in timers
        if timer.occurrence == str(promised[timer.subject_id]) and not (timer.done_at or timer.cancelled_at)
    ]
    return min(due, default=None)


def _unasked(escalation: Escalation) -> list[int]:
    """Who is asked no more because others have to acknowledge too; when all did, it would ask everybody again."""
    return escalation.acked_by if len(escalation.acks) < escalation.acks_needed else []


def current(*, alert: Alert | None = None, incident: Incident | None = None) -> Escalation | None:
    """Give the latest escalation of an alert or an incident that is no page by hand, nor a last resort that is over."""
    found = Escalation.objects.select_related("acknowledged_by", *RELATED).filter(by_hand=False)
    found = found.exclude(is_last_resort=True, status=EscalationStatus.CLOSED)
    found = found.filter(alert=alert) if alert is not None else found.filter(incident=incident)
    return found.order_by("-generation", "-pk").first()


def is_asked(incident_id: int, *, by_alerts: bool = True) -> bool:
    """Say whether anybody was ever asked about an incident that is open, by itself or (`by_alerts`) by its alerts."""
    own = Q(incident=incident_id) & ~Q(status=EscalationStatus.CLOSED)
    about = own | Q(alert__incident=incident_id) if by_alerts else own
    return Escalation.objects.filter(about, by_hand=False).exists()


def was_asked(alert: Alert) -> bool:
    """Say whether anybody was ever asked about an alert, so that an incident made of it asks nobody anew."""
    return Escalation.objects.filter(alert=alert, by_hand=False).exists()


def live(*, alert_ids: Iterable[int] = (), incident_ids: Iterable[int] = ()) -> QuerySet[Escalation]:
    """Give the escalations about these alerts and incidents that are not closed, with those of hand pages."""
    about = Q(alert__in=list(alert_ids)) | Q(incident__in=list(incident_ids))
    return Escalation.objects.exclude(status=EscalationStatus.CLOSED).filter(about)


def acked(escalation: Escalation) -> tuple[User, ...]:
    """Give who acknowledged one that needs several, in that order; no query where nobody has."""
    known = User.objects.in_bulk(escalation.acked_by) if escalation.acks else {}
    return tuple(known[pk] for pk in escalation.acked_by if pk in known)


def admins() -> list[User]:
    """Give everybody who can be asked when nobody else can."""
    return list(User.objects.active().filter(role=Role.ADMIN).order_by("id"))
