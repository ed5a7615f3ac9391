from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from incidents.catalog.models import Service
from oncall.alerts import parsers
from oncall.alerts.rules import Action, Parsed, Unreadable
from oncall.escalation import queries as escalations
from oncall.escalation.models import Policy
from oncall.routing import rules
from oncall.routing.models import Route, ServicePolicy
from oncall.routing.rules import Decision, Map, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.alerts.models import Integration
    from oncall.escalation.queries import Line

log = logging.getLogger(__name__)


def load() -> Map:
    """Read all that routing decisions need, with four statements, for a batch of alerts."""
    services = list(Service.objects.values_list("pk", "slug", "name", "is_active"))
    default = Policy.objects.filter(is_default=True).values_list("pk", flat=True).first()
    return Map(
        rules=[rule for route in Route.objects.filter(is_active=True) if (rule := _rule(route))],
        services={slug: pk for pk, slug, _, is_active in services if is_active},
        service_names={pk: name for pk, _, name, _ in services},
        policies=dict(ServicePolicy.objects.values_list("service_id", "policy_id")),
        default_policy_id=default,
    )


def decide(subject: Subject) -> Decision:
    """Say where an alert would go now, and why; for one alert. A batch uses `load` and `rules.decide`."""
    return rules.decide(subject, load())


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
    timeline: tuple[Line, ...]

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
    decision = decide(
        subject(
            first,
            integration_id=source.pk if source else 0,
            service_id=source.service_id if source else None,
            source=name,
        )
    )
    service = Service.objects.filter(pk=decision.service_id or 0).first()
    policy = Policy.objects.prefetch_related(*escalations.TARGETS).filter(pk=decision.policy_id or 0).first()
    asks = first.action is Action.TRIGGER
    timeline = escalations.simulate(policy, at=at, urgency=decision.urgency) if asks else []
    return Simulation(first, decision, service, policy, tuple(timeline))


def policies_for(service_ids: Collection[int]) -> list[int]:
    """Give the policies of these services, each once, in the order of the services; else the default policy."""
    found = dict(ServicePolicy.objects.filter(service__in=service_ids).values_list("service_id", "policy_id"))
    own = list(dict.fromkeys(found[pk] for pk in service_ids if pk in found))
    return own or list(Policy.objects.filter(is_default=True).values_list("pk", flat=True))


def routes(user: User | AnonymousUser) -> QuerySet[Route]:
    """Give the routes a person may see, in the order in which they are tried."""
    return Route.objects.visible_to(user).select_related("integration", "service", "service__team", "policy")


def _rule(route: Route) -> Rule | None:
    try:
        conditions = rules.check(route.match)
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
    )
