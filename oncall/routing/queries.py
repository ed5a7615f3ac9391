from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import orjson
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Prefetch, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.accounts.policy import Verb, can, managed_teams
from incidents.catalog.models import Service
from incidents.severities.models import Severity
from oncall.alerts import parsers
from oncall.alerts.rules import Action, Parsed, Unreadable
from oncall.escalation import queries as escalations
from oncall.escalation.models import Policy, Target
from oncall.matching import rules as matching
from oncall.routing import rules
from oncall.routing.models import Route, ServicePolicy
from oncall.routing.rules import Decision, Map, Rule, Subject
from oncall.schedules.registry import Asked, Reach

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.alerts.models import Integration
    from oncall.matching.rules import Condition

Owned = TypeVar("Owned", Service, Policy)
log = logging.getLogger(__name__)


# Written out, because it stands between every alert and its person: three queries of the ORM take six times as long.
_LOAD = """
select
    (select json_agg(json_build_array(s.id, s.slug, s.name, s.is_active, p.policy_id))
        from incidents_service s left join oncall_servicepolicy p on p.service_id = s.id)::text,
    (select json_agg(json_build_array(id, position, name, integration_id, match, service_id, policy_id, urgency,
        nature, pages_causes, declares_id)
        order by position, id) from oncall_route where is_active)::text,
    (select id from oncall_policy where is_default)"""
_ROUTE = (
    "id",
    "position",
    "name",
    "integration_id",
    "match",
    "service_id",
    "policy_id",
    "urgency",
    "nature",
    "pages_causes",
    "declares_id",
)


def load() -> Map:
    """Read all that routing decisions need, with one statement, for a batch of alerts."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD)
        services, routes, default = cursor.fetchone()
    services, routes = orjson.loads(services or "[]"), orjson.loads(routes or "[]")
    rows = (Route(**dict(zip(_ROUTE, route, strict=True))) for route in routes)
    return Map(
        rules=[rule for row in rows if (rule := _rule(row))],
        services={slug: pk for pk, slug, _, is_active, _ in services if is_active},
        service_names={pk: name for pk, _, name, _, _ in services},
        policies={pk: policy for pk, _, _, _, policy in services if policy is not None},
        default_policy_id=default,
    )


def decide(subject: Subject) -> Decision:
    """Say where an alert would go now, and why; for one alert. A batch uses `load` and `rules.decide`."""
    return rules.decide(subject, load())


def subject_of(parsed: Parsed, source: Integration | None, *, kind: str = "") -> Subject:
    """Give an alert of a source, or of some source of a kind, as routing sees it."""
    return subject(
        parsed,
        integration_id=source.pk if source else 0,
        service_id=source.service_id if source else None,
        source=source.name if source else kind,
    )


def subject(parsed: Parsed, *, integration_id: int, service_id: int | None, source: str) -> Subject:
    """Give an alert of a source as routing sees it."""
    return Subject(
        integration_id=integration_id,
        service_id=service_id,
        source=source,
        urgency=parsed.urgency,
        title=parsed.title,
        severity=parsed.severity,
        labels=parsed.labels,
        annotations=parsed.annotations,
    )


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would become of a signal: its first alert, where that goes and why, and who is told what and when."""

    alert: Parsed | None
    decision: Decision | None
    service: Service | None
    policy: Policy | None
    timeline: tuple[escalations.Line, ...]
    declares: Severity | None = None

    @property
    def route(self) -> Simulation | None:
        """Where the alert goes, None where there is no alert."""
        return self if self.decision else None


def simulate(body: bytes, *, kind: str, source: Integration | None, at: datetime) -> Simulation:
    """Say what would become of a new signal of a source, or of some source of a kind, received at an instant.

    Nothing is written and nothing sent. A signal that cannot be understood becomes an alert that says so.
    """
    name = source.name if source else kind
    try:
        found = parsers.parse(kind, body, source=name)
    except Unreadable as error:
        found = [parsers.not_understood(name, body, str(error))]
    first = next((parsed for parsed in found if parsed.action is Action.TRIGGER), found[0] if found else None)
    if first is None:
        return Simulation(None, None, None, None, ())
    subject = subject_of(first, source, kind=kind)
    decision = decide(subject)
    service = Service.objects.filter(pk=decision.service_id or 0).first()
    policy = Policy.objects.prefetch_related(*escalations.TARGETS).filter(pk=decision.policy_id or 0).first()
    asks = first.action is Action.TRIGGER and not decision.not_paged
    timeline = escalations.simulate(policy, at=at, urgency=decision.urgency, facts=subject) if asks else []
    return Simulation(first, decision, service, policy, tuple(timeline), _level(decision, first))


def _level(decision: Decision, alert: Parsed) -> Severity | None:
    """Of which level a new alert is made an incident."""
    if alert.action is not Action.TRIGGER or decision.declares_id is None:
        return None
    return Severity.objects.filter(pk=decision.declares_id).first()


def policies_for(service_ids: Collection[int]) -> list[int]:
    """Give the policies of these services, each once, in the order of the services; else the default policy."""
    found = dict(ServicePolicy.objects.filter(service__in=service_ids).values_list("service_id", "policy_id"))
    own = list(dict.fromkeys(found[pk] for pk in service_ids if pk in found))
    return own or list(Policy.objects.filter(is_default=True).values_list("pk", flat=True))


def routes(user: User | AnonymousUser) -> QuerySet[Route]:
    """Give the routes a person may see, in the order in which they are tried."""
    known = Route.objects.visible_to(user).order_by("position", "pk")
    return known.select_related("integration", "service__team", "policy__team", "declares")


def route(user: User | AnonymousUser, pk: int) -> Route:
    """Give one route; 404 where absent."""
    return get_object_or_404(routes(user), pk=pk)


# Who may change them


@dataclass(frozen=True, slots=True)
class Rights:
    """Which routes a person may make, change and remove: those that lead to what their teams own.

    A route to a service and to a policy concerns both teams; one that only sets the urgency, or leads to a policy
    of no team, is for everybody who configures something.
    """

    configures: bool
    teams: frozenset[int]

    def cover(self, *, service: Service | None, policy: Policy | None) -> bool:
        """Say whether a route that leads there is this person's to make, change and remove."""
        teams = {owned.team_id for owned in (service, policy) if owned is not None} or {None}
        return all(self.configures if team is None else team in self.teams for team in teams)

    def among(self, owned: QuerySet[Owned]) -> QuerySet[Owned]:
        """Give the services or policies to which this person may lead alerts."""
        return owned.filter(Q(team=None) | Q(team__in=self.teams)) if self.configures else owned.none()


def rights(user: User) -> Rights:
    """Say which routes a person may make, change and remove."""
    return Rights(can(user, Verb.CONFIGURE), frozenset(managed_teams(user).values_list("pk", flat=True)))


def require(user: User, *, service: Service | None, policy: Policy | None) -> None:
    """Raise PermissionDenied unless a route that leads there is this person's to make, change and remove."""
    if not rights(user).cover(service=service, policy=policy):
        raise PermissionDenied("Only managers of the teams that own its service and policy may do this.")


# As people read them


@dataclass(frozen=True, slots=True)
class Line:
    """A route of the list; `conditions` is None where they cannot be read, `hidden_by` the route that takes all."""

    route: Route
    number: int
    conditions: Sequence[Condition] | None
    hidden_by: str
    may_change: bool

    @property
    def gives(self) -> list[str]:
        """Say what a route decides."""
        urgency = f"{self.route.get_urgency_display().lower()} urgency" if self.route.urgency else ""
        service = str(self.route.service or "")
        policy = f"by {self.route.policy}" if self.route.policy else ""
        declares = f"declares {self.route.declares.label}" if self.route.declares else ""
        return [text for text in (service, policy, urgency, self._marks, declares) if text]

    @property
    def _marks(self) -> str:
        if self.route.nature == rules.CAUSE:
            return "a cause that pages" if self.route.pages_causes else "a cause, pages nobody"
        return "a symptom" if self.route.nature else "pages causes too" if self.route.pages_causes else ""


def lines(user: User) -> list[Line]:
    """Give every route in the order in which they are tried, with what keeps it from ever being reached."""
    mine, above, found = rights(user), list[Rule](), list[Line]()
    for number, row in enumerate(routes(user), 1):
        rule = _rule(row)
        hidden_by = next((upper.name for upper in above if rule and rules.hides(upper, rule)), "")
        may_change = mine.cover(service=row.service, policy=row.policy)
        found.append(Line(row, number, rule.conditions if rule else None, hidden_by, may_change))
        if rule and row.is_active:
            above.append(rule)
    return found


def default_policy() -> Policy | None:
    """Give the policy that takes what no route and no service claims."""
    return Policy.objects.filter(is_default=True).first()


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an alert would go now, and why. Without a policy every admin is asked, unless it is `not_paged`."""

    alert: Parsed
    service: Service | None
    policy: Policy | None
    urgency: str
    why: str
    not_paged: str
    declares: Severity | None


def answers(alerts: Sequence[Parsed], integration: Integration | None) -> list[Answer]:
    """Say where alerts of a source would go now; with None, of a source that has no service of its own."""
    world = load()
    decisions = [rules.decide(subject_of(alert, integration), world) for alert in alerts]
    services = Service.objects.in_bulk([found.service_id for found in decisions if found.service_id])
    policies = Policy.objects.in_bulk([found.policy_id for found in decisions if found.policy_id])
    return [
        Answer(
            alert,
            services.get(found.service_id or 0),
            policies.get(found.policy_id or 0),
            found.urgency,
            found.why,
            found.not_paged,
            _level(found, alert),
        )
        for alert, found in zip(alerts, decisions, strict=True)
    ]


def _rule(route: Route) -> Rule | None:
    try:
        conditions = matching.check(route.match)
    except ValueError:
        log.exception("route %s is left out: its conditions cannot be read", route.pk)
        return None
    return Rule(
        id=route.pk,
        name=str(route),
        conditions=conditions,
        integration_id=route.integration_id,
        service_id=route.service_id,
        policy_id=route.policy_id,
        urgency=route.urgency,
        nature=route.nature,
        pages_causes=route.pages_causes,
        declares_id=route.declares_id,
    )


def reaching(schedule_ids: Collection[int]) -> list[Reach]:
    """The policies that ask schedules, at which of their levels, with the services that they answer for, by name."""
    asked: defaultdict[tuple[int, int], dict[int, str]] = defaultdict(dict)
    targets = Target.objects.filter(schedule__in=schedule_ids).order_by("level__position")
    for schedule, policy, level, words in targets.values_list(
        "schedule", "level__policy", "level__position", "level__description"
    ):
        asked[schedule, policy][level] = words
    policies = Policy.objects.filter(pk__in={policy for _, policy in asked})
    services = Prefetch(
        "services",
        ServicePolicy.objects.filter(service__is_active=True)
        .select_related("service")
        .order_by("service__name"),
    )
    rows = {policy.pk: policy for policy in policies.prefetch_related(services)} if asked else {}
    found = [
        Reach(
            rows[policy].name,
            reverse("oncall:policy", args=[rows[policy].slug]),
            [each.service.name for each in rows[policy].services.all()],
            schedule,
            policy,
            rows[policy].slug,
            [Asked(level + 1, words) for level, words in levels.items()],
        )
        for (schedule, policy), levels in asked.items()
        if policy in rows
    ]
    return sorted(found, key=lambda reach: (reach.levels[0].level, reach.policy))
