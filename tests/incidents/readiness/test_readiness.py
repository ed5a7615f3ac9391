"""How ready a service is: worked out from facts, answered by people, shown where it matters (R204)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.accounts.models import User
from core.errors import Refused
from core.events.models import Event
from incidents.catalog import operations as catalog
from incidents.models import ReadinessAnswer, Runbook, Service, TierRule
from incidents.readiness import operations, queries
from incidents.runbooks import operations as runbooks
from oncall.models import ServicePolicy
from oncall.routing import operations as routing
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db
URL = "/services/payments-api/readiness/"
ALL = [
    "owner",
    "policy",
    "on-call",
    "runbook",
    "route",
    "dashboard",
    "dependencies",
    "tier",
    "rollback",
    "load",
]


def missing(service: Service) -> list[str]:
    reader = User.objects.filter(is_active=True).earliest("pk")
    return [line.item for line in queries.review(reader, Service.objects.get(pk=service.pk)).missing]


def test_a_bare_service_lacks_everything_and_each_fact_mends_its_item() -> None:
    service, ada = cast.service(), cast.ada()
    assert missing(service) == ALL
    bob = cast.bob()
    assert missing(service) == ALL[1:]
    links = [{"kind": "dashboard", "label": "D", "url": "https://d.example.com/"}]
    catalog.change_service(service, changes={"links": links, "depends_on": [cast.service("Ledger DB")]})
    assert missing(service) == ["policy", "on-call", "runbook", "route", "tier", "rollback", "load"]
    policy = cast.policy((300, [cast.always(bob)]))
    routing.set_service_policy(service, policy=policy)
    assert missing(service) == ["runbook", "route", "tier", "rollback", "load"]
    routing.create_route(actor=ada, name="By team", match=[], service=service)
    assert missing(service) == ["runbook", "tier", "rollback", "load"]
    made = runbooks.add(
        name="Slow", text="## Steps\n1. Look", team=service.team, actor=ada, services=[service]
    )
    assert _said(service, "runbook") == "never tested"
    Runbook.objects.filter(pk=made.pk).update(tested_at=now() - timedelta(days=184))
    assert "runbook" in missing(service)
    Runbook.objects.filter(pk=made.pk).update(tested_at=now() - timedelta(days=182))
    assert missing(service) == ["tier", "rollback", "load"]


def _said(service: Service, item: str) -> str:
    reader = User.objects.filter(is_active=True).earliest("pk")
    return next(line.said for line in queries.review(reader, service).lines if line.item == item)


def test_nobody_on_call_is_missing_unless_the_tier_asks_for_nobody() -> None:
    service = cast.service()
    cast.bob()
    policy = cast.policy((300, [cast.always(None)]))
    routing.set_service_policy(service, policy=policy)
    assert "on-call" in missing(service)
    assert _said(service, "on-call").startswith("nobody from ")
    TierRule.objects.filter(tier=1).update(coverage="business_hours")
    assert "on-call" in missing(service)
    TierRule.objects.filter(tier=1).update(coverage="best_effort")
    assert "on-call" not in missing(service)
    ServicePolicy.objects.all().delete()
    assert {"policy", "on-call"} <= set(missing(service))


def test_an_alert_that_came_is_a_way_unless_its_incident_is_private() -> None:
    service, bob = cast.service(), cast.bob()
    alert = cast.alert(of=service)
    assert _said(service, "route") == "alerts came by their label"
    alert.incident = cast.incident("Keys were stolen", by=bob, private=True)
    alert.save()
    assert _said(service, "route") == "no route, no source, and no alert in 90 days"


def test_a_person_answers_with_their_name_and_the_latest_counts() -> None:
    service, bob, carol = cast.service(), cast.bob(), cast.carol()
    operations.answer(service, item="rollback", outcome="no", note="in May", actor=bob)
    assert "rollback" in missing(service)
    operations.answer(service, item="rollback", outcome="yes", actor=carol)
    assert "rollback" not in missing(service)
    line = next(row for row in queries.review(bob, service).lines if row.item == "rollback")
    assert line.answer is not None
    assert (line.answer.by, line.said) == (carol, "Yes")
    assert ReadinessAnswer.objects.count() == 2
    operations.answer(service, item="rollback", outcome="yes", actor=bob)
    assert ReadinessAnswer.objects.count() == 2
    assert Event.objects.filter(name="service.reviewed").latest("id").payload == {
        "service_id": service.pk,
        "item": "rollback",
        "outcome": "yes",
    }


@pytest.mark.parametrize(
    ("item", "outcome", "said"),
    [
        ("dashboard", "yes", "worked out from what is there"),
        ("dashboard", "not_needed", "Say why it is not needed."),
        ("weather", "yes", "not asked about that"),
    ],
)
def test_a_fact_is_not_made_by_saying_so(item: str, outcome: str, said: str) -> None:
    service, bob = cast.service(), cast.bob()
    with pytest.raises(Refused, match=said):
        operations.answer(service, item=item, outcome=outcome, actor=bob)
    assert not ReadinessAnswer.objects.exists()


def test_what_is_not_needed_is_in_order_with_its_reason(client: Client) -> None:
    service, bob = cast.service(), cast.bob()
    client.force_login(bob)
    refused = client.post(URL, {"item": "dependencies", "outcome": "not_needed"})
    assert (refused.status_code, "Say why it is not needed." in refused.content.decode()) == (422, True)
    form = {"item": "dependencies", "outcome": "not_needed", "note": "It stands alone"}
    assert client.post(URL, form).status_code == 302
    assert "dependencies" not in missing(service)
    page = client.get(URL).content.decode()
    assert "Not needed here: “It stands alone”, Bob Example" in page
    assert "8 of 10 missing." in page


def test_who_only_reads_looks_and_answers_nothing(client: Client) -> None:
    cast.service()
    client.force_login(cast.vera())
    assert "Note it" not in client.get(URL).content.decode()
    client.force_login(cast.bob())
    forms = client.get(URL).content.decode()
    assert ('value="dashboard"' in forms, 'value="owner"' in forms) == (True, False)
    client.force_login(User.objects.get(email="vera@example.com"))
    assert client.post(URL, {"item": "load", "outcome": "yes"}).status_code == 403
    caller = cast.caller(cast.person("Victor", role="viewer"))
    answer = caller.post("/api/v1" + URL, {"item": "load", "outcome": "yes"}, format="json")
    assert answer.status_code == 403
    assert not ReadinessAnswer.objects.exists()


def test_the_page_and_the_list_say_how_much_is_missing_and_the_list_is_narrowed(client: Client) -> None:
    cast.service()
    bob = cast.bob()
    old = catalog.create_service(name="Old", team=cast.team(), is_being_replaced=True)
    client.force_login(bob)
    panel = client.get("/services/payments-api/-/readiness/").content.decode()
    assert "9 of 10 missing" in panel
    assert "Somebody is on call now and for the next 14 days" in panel
    first = client.get("/services/").content.decode()
    assert ('hx-trigger="load, live:board' in first, "of 10 missing" in first) == (True, False)
    listed = client.get("/services/?ready=yes").content.decode()
    assert 'hx-trigger="live:board' in listed
    assert "9 of 10 missing" in listed
    assert "tested runbook, alert route, dashboard, dependencies, 3 open questions" in listed
    assert missing(old) == []
    narrowed = client.get("/services/?missing=yes").content.decode()
    assert ('id="service-payments-api"' in narrowed, 'id="service-old"' in narrowed) == (True, False)
    Service.objects.filter(slug="payments-api").update(is_active=False)
    assert "Nothing is missing" in client.get("/services/?missing=yes").content.decode()


def test_programs_read_and_answer() -> None:
    cast.service()
    caller = cast.caller(cast.bob())
    rows = caller.get("/api/v1" + URL).json()
    assert [row["item"] for row in rows] == ALL
    assert rows[0] == {
        "item": "owner",
        "text": "Its team has members",
        "is_met": True,
        "is_fact": True,
        "said": "Payments, 1 member",
        "answer": None,
    }
    done = caller.post("/api/v1" + URL, {"item": "load", "outcome": "yes", "note": "500/s"}, format="json")
    assert done.status_code == 200
    last = done.json()[-1]
    assert (last["is_met"], last["answer"]["outcome"], last["answer"]["note"]) == (True, "yes", "500/s")
    assert caller.post("/api/v1" + URL, {"item": "x", "outcome": "yes"}, format="json").status_code == 409
    assert caller.post("/api/v1" + URL, {"item": "load", "outcome": "x"}, format="json").status_code == 400


def test_a_question_of_an_admin_is_asked_of_each_service(client: Client) -> None:
    service = cast.service()
    cast.sign_in(client, cast.ada())
    form = {"text": "Alerts were tried", "slug": "alerts-tried", "position": "9", "is_active": "on"}
    assert client.post("/admin/incidents/readinessquestion/add/", form).status_code == 302
    assert missing(service)[-1] == "alerts-tried"


def test_a_list_with_how_ready_they_are_costs_as_much_for_many(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    bob = cast.bob()
    policy = cast.policy((300, [cast.always(bob)]))
    for n in range(15):
        routing.set_service_policy(cast.service(f"Service {n}"), policy=policy)
    client.force_login(bob)
    client.get("/services/?ready=yes")
    for query in ("ready", "missing"):
        with django_assert_max_num_queries(30):
            client.get(f"/services/?{query}=yes")


def test_many_services_are_reviewed_as_cheaply_as_one(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    bob = cast.bob()
    policy = cast.policy((300, [cast.always(bob)]))
    rows = [cast.service(f"Service {n}") for n in range(15)]
    for row in rows:
        routing.set_service_policy(row, policy=policy)
    services = list(Service.objects.select_related("team"))
    with django_assert_max_num_queries(24):
        assert len(queries.reviews(bob, services)) == 15
