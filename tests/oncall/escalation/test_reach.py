"""A whole team is paged only by a level that says so, and everywhere it says how many people a level asks."""

from __future__ import annotations

import csv
import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from core.outbox.models import Message
from oncall.escalation import operations, queries
from oncall.escalation.models import Level
from oncall.escalation.rules.plans import LevelSpec
from oncall.models import Page
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Policy

pytestmark = pytest.mark.django_db
NEW, POLICIES = "/escalation/new/", "/api/v1/escalation-policies/"
REFUSED = "A whole team is paged only by a level that says it pages everyone of the team."


@pytest.fixture
def everyone() -> list[User]:
    """The four who respond in the team Payments, Mona among them; Vera only reads."""
    cast.vera()
    return [cast.mona(), cast.alice(), cast.bob(), cast.carol()]


def typed(**given: Any) -> dict[str, Any]:
    """The editor with one level that asks the whole team."""
    level = {"level-0-minutes": "5", "level-0-targets": f"team:{cast.team().pk}"}
    return {"name": "Engineering", "team": cast.team().pk, "repeat": "1", "levels": "1", **level, **given}


def test_a_whole_team_is_refused_at_the_field_until_the_level_says_so(
    client: Client, everyone: list[User]
) -> None:
    cast.sign_in(client, everyone[0])
    refused = client.post(NEW, typed())
    page = refused.content.decode()
    assert refused.status_code == 422
    assert f"{REFUSED} That is 4 people today." in page
    assert 'href="#level-0-pages_everyone"' in page
    assert 'aria-describedby="level-0-pages_everyone-hint level-0-pages_everyone-err"' in page
    assert not Level.objects.exists()
    assert client.post(NEW, typed(**{"level-0-pages_everyone": "on"})).status_code == 302
    assert Level.objects.get().pages_everyone is True
    editor = client.get("/escalation/engineering/edit/").content.decode()
    assert "Everybody who responds in its teams is 4 people today, paged together." in editor


def test_the_api_names_the_flag_and_how_many_it_would_be(everyone: list[User]) -> None:
    api = APIClient()
    api.force_authenticate(everyone[0])
    level: dict[str, Any] = {"targets": [{"type": "team", "id": "payments"}]}
    body = {"name": "Engineering", "team": "payments", "levels": [level]}
    refused = api.post(POLICIES, body, format="json")
    assert refused.status_code == 400
    assert "levels.0.pages_everyone" in str(refused.data)
    assert "That is 4 people today." in str(refused.data)
    level["pages_everyone"] = True
    assert api.post(POLICIES, body, format="json").data["levels"][0]["pages_everyone"] is True
    kept = api.patch(f"{POLICIES}engineering/", {"repeat": 2}, format="json")
    assert kept.data["levels"][0]["pages_everyone"] is True


def test_the_operation_refuses_what_came_past_both(bob: User) -> None:
    level = LevelSpec(60, (cast.target(cast.team()),))
    with pytest.raises(operations.PagesEveryone, match=f"Level 2: {REFUSED}"):
        cast.policy((60, [bob]), level)


@pytest.mark.parametrize("page", ["level", "policy"])
def test_the_admin_site_refuses_it_too(client: Client, page: str) -> None:
    policy = cast.policy((60, [cast.team()]))
    level, target = Level.objects.get(), Level.objects.get().targets.get()
    cast.sign_in(client, cast.ada())
    rows = {"0-id": str(target.pk), "0-level": str(level.pk), "0-team": str(cast.team().pk), "0-turn": "now"}
    sent = {
        "position": "0",
        "timeout_seconds": "60",
        "targets-TOTAL_FORMS": "1",
        "targets-INITIAL_FORMS": "1",
    }
    sent |= {f"targets-{name}": value for name, value in rows.items()}
    address = f"/admin/oncall/level/{level.pk}/change/"
    if page == "policy":
        address = f"/admin/oncall/policy/{policy.pk}/change/"
        sent = {"name": "Engineering", "slug": "engineering", "repeat": "1", "acks_needed": "1"}
        rows = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "1", "0-id": str(level.pk), "0-policy": str(policy.pk)}
        rows |= {"0-position": "0", "0-timeout_seconds": "60"}
        sent |= {f"levels-{name}": value for name, value in rows.items()}
    answer = client.post(address, sent)
    assert (answer.status_code, REFUSED in answer.content.decode()) == (200, True)
    assert Level.objects.get().pages_everyone is True


def test_levels_that_ask_a_team_already_are_flagged(bob: User) -> None:
    cast.policy((60, [cast.team(), bob]), (60, [bob]))
    Level.objects.update(pages_everyone=False)
    with connection.cursor() as cursor:
        cursor.execute(import_module("oncall.migrations.0019_pages_everyone").FLAG)
    flags = Level.objects.order_by("position").values_list("pages_everyone", flat=True)
    assert list(flags) == [True, False]


def test_a_frozen_plan_is_the_policy_and_an_older_one_is_read(everyone: list[User]) -> None:
    policy = cast.policy((60, [cast.team()]))
    read = queries.plans_of([policy.pk])[policy.pk]
    assert read == queries.plan_of(queries.policy(everyone[0], "engineering"))
    assert read.levels[0].pages_everyone is True


@pytest.fixture
def policy(everyone: list[User]) -> Policy:
    """One person first, then the whole team, twice."""
    return cast.policy((60, [everyone[2]]), (60, [cast.team()]), repeat=2)


def test_the_ledger_says_how_many_each_level_asked(everyone: list[User], policy: Policy) -> None:
    alert = cast.alert("Checkout is down")
    running = cast.escalation(alert, policy)
    for _ in range(3):
        operations.advance_due()
        with connection.cursor() as cursor:
            cursor.execute("update oncall_escalation set next_at = now()")
    assert running.pages.count() == 6
    bob = cast.sign_in(Client(), everyone[2])
    said = "Asked at level 1: 1 person; level 2: 4 people; level 1, pass 2: 1 person."
    assert said in bob.get(f"/alerts/{alert.pk}/").content.decode()
    assert "Level 2 asked 4 people. " in bob.get("/pages/").content.decode()
    rows = list(csv.DictReader(io.StringIO(bob.get("/pages/export.csv").content.decode())))
    assert {(row["pass"], row["level"], row["recipients"]) for row in rows} == {
        ("1", "1", "1"),
        ("1", "2", "4"),
        ("2", "1", "1"),
    }
    api = APIClient()
    api.force_authenticate(everyone[2])
    lines = api.get("/api/v1/pages/", {"escalation": running.pk}).data["results"]
    told = {(line["round"], line["level"], line["recipients"]) for line in lines}
    assert told == {(1, 1, 1), (1, 2, 4), (2, 1, 1)}
    assert Message.objects.exists()


def test_who_is_passed_over_for_their_night_is_not_counted(everyone: list[User], policy: Policy) -> None:
    running = cast.escalation(cast.alert(), policy)
    Page.objects.create(escalation=running, user=everyone[0], planned_at=running.started_at, nonce="a")
    spared = {"over_limit": "passed_over", "position": 1, "planned_at": running.started_at, "nonce": "b"}
    page = Page.objects.create(escalation=running, user=everyone[1], **spared)
    api = APIClient()
    api.force_authenticate(everyone[2])
    assert api.get(f"/api/v1/pages/{page.pk}/").data["recipients"] == 1


def test_the_simulator_says_it_before(client: Client, everyone: list[User], policy: Policy) -> None:
    cast.sign_in(client, everyone[0])
    html = client.get("/escalation/-/simulator/", {"policy": policy.slug}).content.decode()
    assert (
        "People asked together at level 1: 1 person; level 2: 4 people; "
        "level 1, pass 2: 1 person; level 2, pass 2: 4 people." in html
    )
