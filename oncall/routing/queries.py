from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from incidents.catalog.models import Service
from oncall.escalation.models import Policy
from oncall.routing import rules
from oncall.routing.models import Route, ServicePolicy
from oncall.routing.rules import Decision, Map, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User

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
