"""The screen of routes: what it says, its editor, its buttons, and where an alert would go."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.models import Role, User
from core.events.models import Event
from oncall.models import Alert, Policy, Route, Signal
from oncall.routing import operations
from tests import cast

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from incidents.models import Service

pytestmark = pytest.mark.django_db
TEAM = [{"label": "team", "op": "equals", "value": "payments"}]


@pytest.fixture
def service(mona: User) -> Service:
    return cast.service("Payments API")


@pytest.fixture
def standard(mona: User) -> Policy:
    return cast.policy((60, [mona]), name="Payments standard", team=cast.team())


def route(mona: User, service: Service | None, **given: Any) -> Route:
    return operations.create_route(
        actor=mona, service=service, **{"name": "Payments", "match": TEAM, **given}
    )


def words(answer: Any) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return re.sub(r"\s+([,.:])", r"\1", " ".join(html.unescape(text).split()))


def typed(*conditions: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """The editor's form as it is filled in."""
    given = {"name": "", "integration": "", "service": "", "policy": "", "urgency": "", "position": ""}
    for n, (label, op, value) in enumerate(conditions):
        given |= {f"condition-{n}-label": label, f"condition-{n}-op": op, f"condition-{n}-value": value}
    return {**given, "conditions": str(len(conditions)), "do": "save", **changes}


def told() -> list[str]:
    events = Event.objects.filter(name="route.changed").order_by("id")
    return [event.payload["what"] for event in events]


# Looking


def test_routes_are_said_in_words_and_in_order(
    client: Client, mona: User, service: Service, standard: Policy
) -> None:
    source, _ = cast.source("alertmanager", name="Prometheus production")
    pattern = {"label": "severity", "op": "matches", "value": "crit.*"}
    route(
        mona, service, match=[*TEAM, pattern], integration=source, policy=standard, urgency="high", name="P"
    )
    route(mona, None, match=[{"label": "drill", "op": "exists"}], urgency="low", name="", is_active=False)
    route(mona, service, match=[], name="Rest")

    page = words(cast.sign_in(client, mona).get("/routes/"))

    assert (
        "1 P When team is payments and severity matches crit.*, from Prometheus production:"
        " Payments API, by Payments standard, high urgency"
    ) in page
    assert "2 When drill is there: low urgency Turned off" in page
    assert "3 Rest Every alert: Payments API" in page


def test_what_stands_behind_the_routes_is_said_in_one_line(client: Client, mona: User) -> None:
    behind = (
        "When none holds: the service of the source, else the one that a label"
        " (service, component, service_name, app) names, by that service's policy; else "
    )
    cast.sign_in(client, mona)
    assert f"{behind}every admin is asked, as there is no default policy" in words(client.get("/routes/"))
    cast.policy((60, [mona]), name="Company", is_default=True)
    assert f"{behind}the default policy, Company." in words(client.get("/routes/"))


def test_a_route_that_is_never_reached_and_one_that_cannot_be_read_are_pointed_out(
    client: Client, mona: User, service: Service
) -> None:
    route(mona, service, match=[], name="Everything")
    route(mona, service)
    broken = route(mona, service, name="Broken")
    Route.objects.filter(pk=broken.pk).update(match=[{"label": "a", "op": "sounds like"}])

    page = words(cast.sign_in(client, mona).get("/routes/"))

    assert page.count("Never reached: “Everything” takes everything before it.") == 1
    assert "Left out: its conditions cannot be read" in page


def test_the_first_visit_says_what_a_route_is_for(client: Client, mona: User) -> None:
    assert "No route yet" in words(cast.sign_in(client, mona).get("/routes/"))


def test_sources_lead_to_routes_and_a_policy_to_those_that_use_it(
    client: Client, mona: User, standard: Policy
) -> None:
    route(mona, None, policy=standard)
    cast.sign_in(client, mona)
    assert 'href="/routes/"' in client.get("/integrations/").content.decode()
    assert '<a class="link" href="/routes/">1 route</a>' in client.get(
        "/escalation/payments-standard/"
    ).content.decode().replace("&#x27;", "'")


def test_the_list_alone_answers_live_updates(client: Client, mona: User, service: Service) -> None:
    route(mona, service)
    region = cast.sign_in(client, mona).get("/routes/-/list/").content.decode()
    assert region.startswith('<div class="stack" id="routes"')
    assert "Payments API" in region


def test_a_viewer_reads_and_finds_no_button(client: Client, mona: User, service: Service) -> None:
    found = route(mona, service)
    page = cast.sign_in(client, cast.vera()).get("/routes/").content.decode()
    assert "Payments API" in page
    for absent in (f"/routes/{found.pk}/", "/routes/new/", "/routes/try/"):
        assert absent not in page


def test_buttons_are_for_the_routes_of_ones_own_teams(client: Client, mona: User, service: Service) -> None:
    mine = route(mona, service)
    theirs = route(
        mona,
        service,
        policy=cast.policy((60, [mona]), name="Theirs", team=cast.team("Elsewhere")),
    )
    page = cast.sign_in(client, mona).get("/routes/").content.decode()
    assert f"/routes/{mine.pk}/edit/" in page
    assert f"/routes/{theirs.pk}/edit/" not in page


def test_many_routes_take_as_many_queries_as_one(
    client: Client, mona: User, service: Service, standard: Policy
) -> None:
    source, _ = cast.source()
    route(mona, service, policy=standard, integration=source)
    cast.sign_in(client, mona).get("/routes/")
    with CaptureQueriesContext(connection) as one:
        client.get("/routes/")
    for n in range(20):
        route(mona, service, policy=standard, integration=source, name=str(n))
    with CaptureQueriesContext(connection) as many:
        client.get("/routes/")
    assert len(many) <= len(one) <= 25


# Editing


def test_a_route_is_added_before_another(
    client: Client, mona: User, service: Service, standard: Policy
) -> None:
    route(mona, service, match=[], name="Rest")
    cast.sign_in(client, mona)
    assert "Before Rest" in client.get("/routes/new/").content.decode()

    answer = client.post(
        "/routes/new/",
        typed(
            ("team", "equals", "payments"),
            ("", "equals", ""),
            ("severity", "matches", "crit.*"),
            name="Payments by label",
            service=service.pk,
            policy=standard.pk,
            urgency="high",
            position="0",
        ),
    )

    assert (answer.status_code, answer["Location"]) == (302, "/routes/")
    first, rest = Route.objects.all()
    assert (first.name, first.service, first.policy, first.urgency) == (
        "Payments by label",
        service,
        standard,
        "high",
    )
    assert first.match == [*TEAM, {"label": "severity", "op": "matches", "value": "crit.*"}]
    assert (rest.name, rest.position) == ("Rest", 1)
    assert told() == ["created", "created"]


def test_conditions_are_added_and_removed_without_javascript_and_nothing_is_saved(
    client: Client, mona: User, service: Service
) -> None:
    cast.sign_in(client, mona)
    given = typed(("team", "contains", "pay"), ("region", "equals", "eu"), name="Kept", service=service.pk)

    added = client.post("/routes/new/", {**given, "do": "add"}).content.decode()
    removed = client.post("/routes/new/", {**given, "do": "remove-0"}).content.decode()

    assert 'name="conditions" value="3"' in added
    assert 'name="condition-2-label"' in added
    assert 'value="Kept"' in added
    assert f'<option value="{service.pk}" selected>' in added
    assert 'name="conditions" value="1"' in removed
    assert 'value="region"' in removed
    assert 'value="team"' not in removed
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        (("", "equals", "payments"), "Each condition needs a label."),
        (("team", "contains", ""), "The condition on team needs a value."),
        (("team", "matches", "(a+)+"), "This pattern could take too long"),
        (("team", "sounds", "x"), "“sounds” is no operator"),
    ],
)
def test_a_condition_that_could_not_work_is_refused_with_what_was_typed(
    client: Client, mona: User, service: Service, condition: tuple[str, str, str], complaint: str
) -> None:
    given = typed(("region", "equals", "eu"), condition, name="Kept", service=service.pk)
    answer = cast.sign_in(client, mona).post("/routes/new/", given)
    assert answer.status_code == 422
    text = html.unescape(answer.content.decode())
    assert complaint in text
    assert 'href="#condition-1-label"' in text
    for kept in ('value="Kept"', 'value="eu"', f'value="{condition[2]}"'):
        assert kept in text
    assert not Route.objects.exists()


def test_a_route_that_gives_nothing_is_refused(client: Client, mona: User) -> None:
    answer = cast.sign_in(client, mona).post("/routes/new/", typed(("team", "equals", "payments")))
    assert answer.status_code == 422
    assert (
        "A route needs a service, a policy, an urgency, a mark or an incident to give."
        in answer.content.decode()
    )
    assert not Route.objects.exists()


def test_only_services_and_policies_of_ones_own_teams_are_offered(
    client: Client, mona: User, service: Service
) -> None:
    theirs = cast.policy((60, [mona]), name="Theirs", team=cast.team("Elsewhere"))
    cast.sign_in(client, mona)
    page = client.get("/routes/new/").content.decode()
    assert "Payments API" in page
    assert "Theirs" not in page

    answer = client.post("/routes/new/", typed(service=service.pk, policy=theirs.pk))

    assert answer.status_code == 422
    assert not Route.objects.exists()


def test_a_route_is_changed(client: Client, mona: User, service: Service) -> None:
    found = route(mona, service)
    path = f"/routes/{found.pk}/edit/"
    cast.sign_in(client, mona)
    page = client.get(path).content.decode()
    assert 'value="payments"' in page
    assert 'name="position"' not in page

    answer = client.post(
        path, typed(("team", "not_equals", "ledger"), name="Others", service=service.pk, urgency="low")
    )

    assert answer.status_code == 302
    found.refresh_from_db()
    assert (found.name, found.urgency, found.service) == ("Others", "low", service)
    assert found.match == [{"label": "team", "op": "not_equals", "value": "ledger"}]
    assert told() == ["created", "changed"]


def test_a_route_that_is_gone_is_a_404(client: Client, mona: User) -> None:
    assert cast.sign_in(client, mona).get("/routes/1/edit/").status_code == 404


# Buttons


def names() -> list[tuple[str, int]]:
    return list(Route.objects.values_list("name", "position"))


def test_routes_are_moved_and_stay_at_the_ends(client: Client, mona: User, service: Service) -> None:
    first, second = route(mona, service, name="a"), route(mona, service, name="b")
    cast.sign_in(client, mona)
    assert client.post(f"/routes/{second.pk}/up/").status_code == 302
    assert names() == [("b", 0), ("a", 1)]
    client.post(f"/routes/{second.pk}/up/")
    client.post(f"/routes/{first.pk}/down/")
    assert names() == [("b", 0), ("a", 1)]
    client.post(f"/routes/{second.pk}/down/")
    assert names() == [("a", 0), ("b", 1)]
    assert told() == ["created", "created", "moved", "moved"]


def test_a_route_is_turned_off_and_on(client: Client, mona: User, service: Service) -> None:
    found = route(mona, service)
    cast.sign_in(client, mona)
    client.post(f"/routes/{found.pk}/deactivate/")
    assert not Route.objects.get().is_active
    client.post(f"/routes/{found.pk}/activate/")
    assert Route.objects.get().is_active
    assert told() == ["created", "changed", "changed"]


def test_one_that_cannot_be_read_is_not_turned_on(client: Client, mona: User, service: Service) -> None:
    found = route(mona, service, is_active=False)
    Route.objects.filter(pk=found.pk).update(match=[{"label": "a", "op": "sounds like"}])
    answer = cast.sign_in(client, mona).post(f"/routes/{found.pk}/activate/", follow=True)
    assert "“sounds like” is no operator" in answer.content.decode()
    assert not Route.objects.get().is_active


def test_a_route_is_removed_and_the_ranks_close(client: Client, mona: User, service: Service) -> None:
    gone = route(mona, service, name="a")
    route(mona, service, name="b")
    answer = cast.sign_in(client, mona).post(f"/routes/{gone.pk}/remove/")
    assert answer.status_code == 302
    assert names() == [("b", 0)]
    assert told() == ["created", "created", "removed"]


@pytest.mark.parametrize("button", ["up", "down", "activate", "deactivate", "remove"])
def test_a_button_is_pressed_not_visited(client: Client, mona: User, service: Service, button: str) -> None:
    found = route(mona, service)
    assert cast.sign_in(client, mona).get(f"/routes/{found.pk}/{button}/").status_code == 405


@pytest.mark.parametrize("button", ["up", "down", "activate", "deactivate", "remove", "edit"])
def test_outsiders_are_refused_and_leave_no_trace(
    client: Client, mona: User, service: Service, button: str
) -> None:
    route(mona, service, name="a")
    middle = route(mona, service, name="b", is_active=button != "activate")
    route(mona, service, name="c")
    before = list(Route.objects.values())
    for person in (cast.bob(), cast.person("Olga", role=Role.MANAGER, team=cast.team("Elsewhere"))):
        cast.sign_in(client, person)
        given = typed(name="theirs", urgency="low") if button == "edit" else {}
        assert client.post(f"/routes/{middle.pk}/{button}/", given).status_code == 403
    assert list(Route.objects.values()) == before
    assert told() == ["created"] * 3


def test_a_responder_adds_none(client: Client, mona: User, service: Service) -> None:
    answer = cast.sign_in(client, cast.bob()).post("/routes/new/", typed(service=service.pk))
    assert answer.status_code == 403
    assert not Route.objects.exists()


# Where would this go?


def ask(client: Client, alert: str, source: Any = "") -> HttpResponse:
    return client.post("/routes/try/", {"alert": alert, "source": source})  # type: ignore[return-value]


def test_labels_are_answered_in_words_and_nothing_is_written(
    client: Client, mona: User, service: Service, standard: Policy
) -> None:
    route(mona, service, policy=standard, urgency="low")
    events = Event.objects.count()
    cast.sign_in(client, cast.bob())

    page = words(ask(client, 'team = "payments"\nseverity: critical\n'))

    assert "Payments API, by Payments standard, low urgency. Route “Payments” matched team=payments." in page
    assert (Alert.objects.count(), Signal.objects.count(), Event.objects.count()) == (0, 0, events)


def test_json_is_read_as_its_source_would_be(client: Client, mona: User, service: Service) -> None:
    source, _ = cast.source("alertmanager", name="Prometheus")
    route(mona, service, integration=source)
    body = {
        "status": "firing",
        "alerts": [
            {"status": "firing", "labels": {"alertname": "DiskFull", "team": "payments"}},
            {"status": "resolved", "labels": {"alertname": "Cold", "severity": "warning"}},
        ],
    }

    page = words(ask(cast.sign_in(client, cast.bob()), json.dumps(body), source.pk))

    assert (
        "DiskFull Payments API, every admin is asked, high urgency."
        " Route “Payments” matched team=payments, and Payments API has no policy:"
        " there is no default policy either, so every admin is asked."
    ) in page
    assert "Cold No service, every admin is asked, low urgency." in page
    assert page.count("It asks nobody by itself: it resolves what is open.") == 1


@pytest.mark.parametrize(
    ("alert", "complaint"),
    [
        ("", "Paste an alert, or one label on each line."),
        ("team = payments\nwhatever", "Line 2 is no label. Write it as: team = payments"),
        ('{"team": ', "JSON"),
        ("[]", "The body says nothing that could be an alert."),
    ],
)
def test_what_cannot_be_read_is_kept_and_complained_about(client: Client, alert: str, complaint: str) -> None:
    answer = ask(cast.sign_in(client, cast.bob()), alert)
    assert answer.status_code == 422
    text = html.unescape(answer.content.decode())
    assert complaint in text
    assert alert in text


def test_asking_is_a_form_for_those_who_respond(client: Client) -> None:
    assert cast.sign_in(client, cast.bob()).get("/routes/try/").status_code == 405
    assert ask(cast.sign_in(client, cast.vera()), "team = payments").status_code == 403
