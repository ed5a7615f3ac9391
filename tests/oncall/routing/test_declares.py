"""A route that declares an incident for what it takes (R023): one for a storm, and nobody is woken twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from core.events import bus
from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident, RoleAssignment
from oncall import pipeline
from oncall.escalation import operations as escalation
from oncall.models import Alert, Escalation, Route, Signal
from oncall.paging import operations as paging
from oncall.routing import operations
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1/routes/"


@pytest.fixture
def route() -> Route:
    """Critical alerts are declared as SEV2; Bob is asked about them."""
    bob = cast.bob()
    paging.ensure_default(bob)
    return operations.create_route(
        actor=cast.mona(),
        name="Critical",
        match=[{"label": "severity", "op": "equals", "value": "critical"}],
        policy=cast.policy((300, [bob])),
        declares=cast.severity("SEV2"),
    )


def come(key: str, **told: Any) -> Alert:
    """Let an alert come, and everything happen that follows from it."""
    source = Signal.objects.order_by("-pk").values_list("integration", flat=True).first()
    body = {"title": f"{key} fails", "dedup_key": key, "severity": "critical", **told}
    Signal.objects.create(
        integration_id=source or cast.source("generic")[0].pk, kind="generic", body=json.dumps(body).encode()
    )
    while pipeline.process_due() or bus.deliver_due() or escalation.advance_due():
        pass
    return Alert.objects.select_related("incident__severity").get(dedup_key=key)


def kinds(incident: Incident) -> list[tuple[str, str]]:
    return [(row.kind, row.text) for row in incident.timeline.order_by("id")]


@pytest.mark.usefixtures("route")
def test_a_new_alert_is_an_incident_that_waits_for_whoever_takes_it() -> None:
    service = cast.service()
    alert = come("checkout", labels={"service": service.slug}, description="Cards are refused")
    incident = alert.incident
    assert incident is not None
    assert (incident.title, incident.status, incident.severity.label) == ("checkout fails", "triage", "SEV2")
    assert (incident.declared_by, incident.trigger, incident.summary) == (None, "alert", "Cards are refused")
    assert list(incident.services.all()) == [service]
    assert ("alert", "Alert: checkout fails") in kinds(incident)


@pytest.mark.usefixtures("route")
def test_people_are_paged_for_the_alert_and_not_again_for_the_incident() -> None:
    alert = come("checkout")
    running = Escalation.objects.get()
    assert running.alert == alert
    assert running.incident is None


@pytest.mark.usefixtures("route")
def test_whoever_takes_the_alert_commands() -> None:
    alert = come("checkout")
    bob = Escalation.objects.get().pages.get().user
    assert bob is not None
    escalation.acknowledge(alert=alert, actor=bob)
    incident = Incident.objects.get()
    assert incident.status == "investigating"
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None)
    assert list(held.values_list("user", "role__is_commander")) == [(bob.pk, True)]
    escalation.acknowledge(alert=alert, actor=cast.carol())
    assert held.count() == 1


@pytest.mark.usefixtures("route")
def test_a_storm_on_one_service_is_one_incident() -> None:
    service, other = cast.service(), cast.service("Search")
    for key in ("checkout", "cards", "refunds"):
        come(key, labels={"service": service.slug})
    come("search", labels={"service": other.slug})
    found = {
        incident.title: sorted(incident.alerts.values_list("dedup_key", flat=True))
        for incident in Incident.objects.all()
    }
    assert found == {"checkout fails": ["cards", "checkout", "refunds"], "search fails": ["search"]}


@pytest.mark.usefixtures("route")
def test_what_belongs_to_no_service_joins_what_the_same_route_declared() -> None:
    first, second = come("one"), come("two")
    assert first.incident == second.incident


def test_another_route_declares_its_own(route: Route) -> None:
    operations.create_route(
        actor=cast.ada(),
        name="Fatal",
        match=[{"label": "level", "op": "equals", "value": "fatal"}],
        policy=route.policy,
        declares=cast.severity("SEV1"),
        position=0,
    )
    assert come("one").incident != come("two", labels={"level": "fatal"}).incident


def test_a_worse_level_counts_until_somebody_has_it(route: Route, ada: User) -> None:
    service = cast.service()
    first = come("slow", labels={"service": service.slug})
    operations.change_route(route, actor=ada, declares=cast.severity("SEV1"))
    second = come("down", labels={"service": service.slug})
    assert second.incident == first.incident
    assert second.incident is not None
    assert second.incident.severity.label == "SEV1"
    lifecycle.acknowledge(second.incident, actor=cast.alice())
    operations.change_route(route, actor=ada, declares=cast.severity("SEV3"))
    assert come("odd", labels={"service": service.slug}).incident == first.incident
    assert Incident.objects.get().severity.label == "SEV1"


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("kind", ["private", "drill"])
def test_a_private_incident_and_a_drill_take_none(kind: str) -> None:
    service = cast.service()
    own = cast.incident(services=[service], private=kind == "private", drill=kind == "drill")
    alert = come("checkout", labels={"service": service.slug})
    assert alert.incident not in {None, own}


@pytest.mark.usefixtures("route")
def test_one_that_people_declared_is_joined_and_keeps_its_level() -> None:
    service = cast.service()
    own = cast.incident(services=[service], severity="SEV3")
    alert = come("checkout", labels={"service": service.slug})
    assert alert.incident == own
    own.refresh_from_db()
    assert own.severity.label == "SEV3"


def test_told_twice_it_is_declared_once_and_what_is_over_is_not(route: Route) -> None:
    alert = come("checkout")
    assert route.declares_id is not None
    again = escalation.declare_by_route(alert.pk, severity_id=route.declares_id, route_id=route.pk)
    assert again == alert.incident
    over = cast.alert("Over")
    Alert.objects.filter(pk=over.pk).update(status="resolved")
    assert escalation.declare_by_route(over.pk, severity_id=route.declares_id, route_id=route.pk) is None
    assert escalation.declare_by_route(0, severity_id=route.declares_id, route_id=route.pk) is None
    assert Incident.objects.count() == 1


@pytest.mark.usefixtures("route")
def test_an_alert_that_no_such_route_takes_is_no_incident() -> None:
    assert come("disk", severity="warning").incident is None


def test_programs_set_it_and_ask_what_would_happen(route: Route, ada: User) -> None:
    api = cast.caller(ada, scopes=["read", "write", "admin"])
    assert api.get(f"{API}{route.pk}/").json()["declares"] == "sev2"
    assert api.patch(f"{API}{route.pk}/", {"declares": "sev1"}, format="json").json()["declares"] == "sev1"
    payload = {"title": "S", "severity": "critical", "dedup_key": "k"}
    asked = {"kind": "generic", "payload": payload}
    assert api.post("/api/v1/simulate/", asked, format="json").json()["route"]["declares"] == "sev1"
    assert api.patch(f"{API}{route.pk}/", {"declares": None}, format="json").json()["declares"] is None


def test_managers_choose_it_on_the_routes_page(route: Route, client: Client, ada: User) -> None:
    page = cast.sign_in(client, ada)
    assert "declares SEV2" in page.get("/routes/").content.decode()
    shown = page.get(f"/routes/{route.pk}/edit/").content.decode()
    assert "No, people decide" in shown
