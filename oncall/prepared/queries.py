"""What on-call knows of how ready services are: who is paged for them, whether somebody is there, how alerts come."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from incidents.catalog.models import Service
from incidents.readiness.rules import Fact, Item
from incidents.severities import queries as severities
from incidents.severities.models import Coverage
from incidents.severities.rules import pages_now, parse_hours
from oncall.alerts.models import Alert, Integration
from oncall.coverage import queries as coverage
from oncall.escalation.models import Policy
from oncall.routing.models import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.coverage.rules import Span

STEP = timedelta(minutes=15)
SEEN = timedelta(days=90)


def facts(user: User, services: Sequence[Service]) -> dict[Item, Mapping[int, Fact]]:
    """Give the policy, the coverage and the ways of alerts of these services."""
    since = timezone.now() - SEEN
    this = OuterRef("pk")
    # What belongs to a private incident counts for nobody.
    open_to_all = Alert.objects.filter(Q(incident=None) | Q(incident__private=False))
    rows: list[Any] = list(
        Service.objects.filter(pk__in=[row.pk for row in services]).annotate(
            policy=F("paging__policy"),
            policy_name=F("paging__policy__name"),
            is_routed=Exists(Route.objects.filter(service=this, is_active=True)),
            is_sourced=Exists(Integration.objects.filter(service=this)),
            came=Exists(open_to_all.filter(service=this, first_at__gte=since)),
        )
    )
    seen = Policy.objects.visible_to(user).prefetch_related("levels__targets")
    policies = list(seen.filter(Q(pk__in={row.policy for row in rows if row.policy}) | Q(is_default=True)))
    default = next((policy for policy in policies if policy.is_default), None)
    of = {row.pk: row.policy or (default.pk if default else None) for row in rows}
    gaps = coverage.uncovered(policies, now=timezone.now())
    tiers = {tier: rule.coverage for tier, rule in severities.tiers().items()}
    return {
        Item.POLICY: {row.pk: _policy(row.policy_name, default) for row in rows},
        Item.ON_CALL: {
            row.pk: _covered(of[row.pk], gaps, hours=tiers.get(row.tier, Coverage.ALWAYS)) for row in rows
        },
        Item.ROUTE: {row.pk: _way(row) for row in rows},
    }


def _policy(own: str | None, default: Policy | None) -> Fact:
    if own:
        return Fact(is_there=True, said=own)
    if default:
        return Fact(is_there=True, said=f"{default.name}, the default one")
    return Fact(is_there=False, said="it has none, and there is no default one")


def _covered(policy: int | None, gaps: Mapping[int, Sequence[Span]], *, hours: str) -> Fact:
    """Whether somebody is on call when the tier of the service says so; best effort asks for nobody."""
    if policy is None:
        return Fact(is_there=False, said="no policy pages for it")
    if hours == Coverage.BEST_EFFORT:
        return Fact(is_there=True, said="best effort: its tier asks for nobody")
    found = [gap for gap in gaps.get(policy, ()) if hours == Coverage.ALWAYS or _in_hours(gap)]
    if found:
        return Fact(
            is_there=False, said=f"nobody from {found[0].start:%d %b %H:%M} to {found[0].end:%d %b %H:%M} UTC"
        )
    return Fact(is_there=True, said="day and night" if hours == Coverage.ALWAYS else "in business hours")


def _in_hours(gap: Span) -> bool:
    is_open = partial(
        pages_now,
        "business_hours",
        hours=parse_hours(settings.BUSINESS_HOURS),
        zone=settings.ORGANISATION_TIME_ZONE,
    )
    at: datetime = gap.start
    while at < gap.end:
        if is_open(at=at):
            return True
        at += STEP
    return False


def _way(row: Any) -> Fact:
    """A route or a source leads to it, or alerts that name it came lately."""
    ways = (
        (row.is_routed, "by a route"),
        (row.is_sourced, "by a source of its own"),
        (row.came, "alerts came by their label"),
    )
    said = next((words for is_so, words in ways if is_so), "")
    return Fact(bool(said), said or "no route, no source, and no alert in 90 days")
