"""A plan that somebody confirms becomes services: all that it does not refuse, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from core.accounts.models import Team
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.people.teams import operations as teams
from incidents.catalog import operations as catalog
from incidents.catalog.models import Service
from incidents.inventory import queries, rules
from incidents.inventory.queries import What

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.inventory.queries import Plan, Step


class NotACatalog(Refused):
    """The file is none that can be read."""


class Moved(Refused):
    """The catalog is not as it was when the plan was shown."""


def plan(document: str, *, actor: User, team: Team | None = None) -> Plan:
    """Work out what importing a file would do; nothing changes."""
    require(actor, Verb.CONFIGURE)
    try:
        return queries.plan(document, actor=actor, team=team)
    except rules.Unreadable as reason:
        raise NotACatalog(str(reason)) from reason


@transaction.atomic
def bring_in(document: str, *, actor: User, team: Team | None = None, seen: str = "") -> Plan:
    """Import a file; with `seen`, the fingerprint of a plan, only where it would still do just that.

    The same file again changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('incidents_inventory'))")
    found = plan(document, actor=actor, team=team)
    if seen and seen != found.fingerprint:
        raise Moved("The catalog changed since this was shown. Look at it again, then import.")
    for step in found.steps:
        if step.what is What.NEW and step.entry.is_team:
            teams.create(step.name, slug=step.slug, actor=actor)
    owners = {row.slug: row for row in Team.objects.all()}
    done = [step for step in found.steps if step.is_done and not step.entry.is_team]
    made = {step.slug: _write(step, owners) for step in done}
    wanted = {slug for step in done for slug in step.needs} - set(made)
    made |= {row.slug: row for row in Service.objects.filter(slug__in=wanted)}
    for step in done:
        needs = [made[slug] for slug in sorted(step.needs) if slug in made]
        catalog.change_service(made[step.slug], changes={"depends_on": needs})
    return found


def _write(step: Step, owners: dict[str, Team]) -> Service:
    given: dict[str, Any] = {**step.changes, "team": owners[step.team]}
    if step.service is None:
        return catalog.create_service(slug=step.slug, **given)
    return catalog.change_service(Service.objects.get(pk=step.service.pk), changes=given)
