from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from core.errors import Refused
from core.events import bus
from core.live.publish import changed
from oncall.events import RouteChanged, ServicePolicyChanged
from oncall.matching import rules as matching
from oncall.routing.models import Route, ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from oncall.escalation.models import Policy

CHANGEABLE = frozenset(
    {
        *(
            "name",
            "match",
            "integration",
            "service",
            "policy",
            "urgency",
            "nature",
            "pages_causes",
            "declares",
        ),
        "is_active",
    }
)
NOTHING = "A route needs a service, a policy, an urgency, a mark or an incident to give."
GIVES = ("service", "policy", "urgency", "nature", "pages_causes", "declares")
"""What a route decides; one of them at least."""


class BadRoute(Refused):
    """A route that could not work, and why."""


def create_route(*, actor: User, position: int | None = None, **fields: Any) -> Route:
    """Make a route, tried after all others or at `position` (0 is first); it counts from the next alert on."""
    with transaction.atomic():
        last = Route.objects.aggregate(last=Max("position"))["last"]
        route = Route(position=0 if last is None else last + 1)
        _fill(route, fields)
        route.save()
        if position is not None:
            _place(route, position)
        _tell(route, "created", actor)
    return route


def change_route(route: Route, *, actor: User, position: int | None = None, **fields: Any) -> Route:
    """Change what a route asks for and where it leads, or when it is tried."""
    with transaction.atomic():
        _fill(route, fields)
        route.save()
        if position is not None:
            _place(route, position)
        _tell(route, "changed", actor)
    return route


def move_route(route: Route, *, by: int, actor: User) -> None:
    """Try a route `by` places later, or earlier where it is negative; beyond the ends of the list it stays."""
    with transaction.atomic():
        order = list(Route.objects.select_for_update().order_by("position", "pk"))
        here = next((n for n, other in enumerate(order) if other.pk == route.pk), None)
        if here is not None and 0 <= here + by < len(order):
            order.insert(here + by, order.pop(here))
            _number(order)
            _tell(route, "moved", actor)


def remove_route(route: Route, *, actor: User) -> None:
    """Remove a route; what it led somewhere is routed by the next one that holds."""
    with transaction.atomic():
        others = Route.objects.exclude(pk=route.pk).select_for_update().order_by("position", "pk")
        _tell(route, "removed", actor)
        route.delete()
        _number(list(others))


@transaction.atomic
def set_service_policy(service: Service, *, policy: Policy | None, actor: User | None = None) -> None:
    """Let a policy page for a service, or with None leave it to the default one; it counts from the next alert on."""
    known = ServicePolicy.objects.select_for_update().filter(service=service)
    before = known.values_list("policy_id", flat=True).first()
    if before == (policy.pk if policy else None):
        return
    if policy is None:
        known.delete()
    else:
        ServicePolicy.objects.update_or_create(service=service, defaults={"policy": policy})
    bus.emit(ServicePolicyChanged(service.pk, policy.pk if policy else None, str(policy or "")), actor=actor)
    changed("oncall")


def _tell(route: Route, what: str, actor: User) -> None:
    bus.emit(RouteChanged(route.pk, what), actor=actor)
    changed("routes")


def _fill(route: Route, fields: dict[str, Any]) -> None:
    if unknown := fields.keys() - CHANGEABLE:
        raise TypeError(f"a route has no {sorted(unknown)}")
    for name, value in fields.items():
        setattr(route, name, value)
    try:
        conditions = matching.check(route.match)
    except ValueError as error:
        raise BadRoute(str(error)) from error
    route.match = [{"label": c.label, "op": c.op, "value": c.value} for c in conditions]
    if not any(getattr(route, name) for name in GIVES):
        raise BadRoute(NOTHING)


def _place(route: Route, position: int) -> None:
    """Put a route at a place and close the ranks of the others, in one order from 0."""
    others = list(Route.objects.exclude(pk=route.pk).select_for_update().order_by("position", "pk"))
    others.insert(min(max(position, 0), len(others)), route)
    _number(others)


def _number(routes: Sequence[Route]) -> None:
    for n, route in enumerate(routes):
        if route.position != n:
            route.position = n
            route.save(update_fields=["position"])
