from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.accounts.models import User
from oncall.escalation import operations, queries
from oncall.escalation.models import Policy
from oncall.escalation.rules.plans import from_json, to_json
from oncall.escalation.rules.steps import Position, why
from oncall.routing import operations as routing
from tests import cast

if TYPE_CHECKING:
    from oncall.escalation.rules.plans import TargetSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(mona: User) -> Policy:
    primary = cast.always(cast.alice(), "Primary")
    return cast.policy((600, [primary]), (900, [mona]), repeat=2, team=cast.team(), name="Engineering")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(policy: Policy | None = None, **changes: Any) -> dict[str, Any]:
    """The editor's form as it is filled in for a policy."""
    given: dict[str, Any] = {
        "name": policy.name if policy else "Database",
        "team": cast.team().pk,
        "description": "",
        "repeat": "2",
        "version": policy.version if policy else "",
        "levels": "0",
        "do": "save",
    }
    return {**given, **changes}


def levels(*rows: tuple[str, list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {"levels": str(len(rows))}
    for n, (minutes, targets) in enumerate(rows):
        found |= {f"level-{n}-minutes": minutes, f"level-{n}-targets": targets}
    return found


def specs(policy: Policy) -> list[tuple[int, list[str]]]:
    plan = queries.plan_of(queries.policy(User.objects.all()[0], policy.slug))
    return [(level.timeout_seconds, [target.name for target in level.targets]) for level in plan.levels]


# Looking


def test_the_list_shows_who_answers_right_now(mona: User, policy: Policy) -> None:
    html = signed_in(mona).get("/escalation/").content.decode()
    for text in (
        "Engineering",
        "at once",
        "Primary",
        "Alice Example",
        "+ 10 min",
        "Mona Example",
        "Start again",
        "after 50 min",
    ):
        assert text in html


def test_the_first_visit_says_what_a_policy_is_for(mona: User) -> None:
    html = signed_in(mona).get("/escalation/").content.decode()
    assert "No policy yet" in html
    assert "Make the first policy" in html
    assert "Make the first policy" not in signed_in(cast.vera()).get("/escalation/").content.decode()


def test_one_policy_says_it_in_words_and_what_relies_on_it(mona: User, policy: Policy) -> None:
    routing.set_service_policy(cast.service(), policy=policy)
    html = signed_in(cast.vera()).get("/escalation/engineering/").content.decode()
    for text in (
        "At once Primary is asked.",
        "After 10 min Mona Example is asked.",
        "2 passes in all.",
        "It gives up after 50 min, and every admin is told.",
        "Payments API",
    ):
        assert text in html
    assert "Change" not in html.split("<main", 1)[1]
    region = signed_in(mona).get("/escalation/engineering/-/ladder/").content.decode()
    assert region.startswith('<div id="ladder"')
    assert "/escalation/engineering/edit/" in region


def test_a_level_without_anybody_is_warned_about(mona: User) -> None:
    cast.policy((60, [cast.always(None, "Empty")]), (60, [mona]), name="Gap")
    html = signed_in(mona).get("/escalation/gap/").content.decode()
    assert "Level 1 asks nobody right now; the next level is asked at once." in html
    assert "nobody right now" in html


def test_what_is_absent_is_a_404(mona: User) -> None:
    for path in ("/escalation/none/", "/escalation/none/-/ladder/", "/escalation/none/edit/"):
        assert signed_in(mona).get(path).status_code == 404


def test_many_policies_take_as_many_queries_as_one(mona: User, policy: Policy) -> None:
    client = signed_in(mona)

    def add(n: int) -> None:
        cast.policy((60, [mona]), (60, [cast.always(mona, f"Schedule {n}")]), name=f"Policy {n}")

    add(0)
    client.get("/escalation/")
    with CaptureQueriesContext(connection) as one:
        client.get("/escalation/")
    for n in range(1, 9):
        add(n)
    with CaptureQueriesContext(connection) as many:
        client.get("/escalation/")
    assert len(many) <= len(one)
    assert len(one) <= 30


# Editing


def test_a_policy_is_made(mona: User) -> None:
    client = signed_in(mona)
    assert client.get("/escalation/new/").status_code == 200
    primary = cast.always(mona, "Primary")
    given = typed(
        **levels(
            ("10", [f"schedule:{primary.pk}", ""]), ("2.5", [f"user:{mona.pk}", f"schedule:{primary.pk}"])
        )
    )
    answer = client.post("/escalation/new/", given)
    assert (answer.status_code, answer["Location"]) == (302, "/escalation/database/")
    policy = Policy.objects.get()
    assert (policy.name, policy.repeat, policy.team, policy.is_default) == ("Database", 2, cast.team(), False)
    assert specs(policy) == [(600, ["Primary"]), (150, ["Mona Example", "Primary"])]


def test_a_level_asks_a_team_and_the_next_of_a_schedule(mona: User) -> None:
    client = signed_in(mona)
    primary = cast.weekly(mona, cast.alice(), name="Primary")
    chosen = [f"schedule:{primary.pk}:next", f"team:{cast.team().pk}"]
    html = client.get("/escalation/new/").content.decode()
    for value in (*chosen, f"schedule:{primary.pk}:previous"):
        assert f'value="{value}"' in html
    given = typed(**levels(("5", chosen)))
    client.post("/escalation/new/", {**given, "level-0-pages_everyone": "on"})
    assert [(target.kind, target.turn) for target in _targets("database")] == [
        ("schedule", "next"),
        ("team", "now"),
    ]
    editor = client.get("/escalation/database/edit/").content.decode()
    assert all(f'value="{value}" selected' in editor for value in chosen)
    assert "Next in Primary and Everybody in Payments are asked." in (
        client.get("/escalation/database/").content.decode()
    )


def _targets(slug: str) -> list[TargetSpec]:
    policy = queries.policy(User.objects.all()[0], slug)
    return [target for level in queries.plan_of(policy).levels for target in level.targets]


def test_a_policy_is_changed_and_shown_as_it_is(mona: User, policy: Policy) -> None:
    client = signed_in(mona)
    html = client.get("/escalation/engineering/edit/").content.decode()
    assert 'value="10"' in html
    assert 'value="15"' in html
    given = typed(policy, name="Platform", **levels(("1", [f"user:{mona.pk}"])))
    assert client.post("/escalation/engineering/edit/", given).status_code == 302
    policy.refresh_from_db()
    assert (policy.name, policy.slug, policy.version) == ("Platform", "engineering", 2)
    assert specs(policy) == [(60, ["Mona Example"])]


@pytest.mark.parametrize(
    ("button", "minutes"),
    [
        ("add", ["1", "2", "3", "5"]),
        ("remove-1", ["1", "3"]),
        ("up-2", ["1", "3", "2"]),
        ("down-0", ["2", "1", "3"]),
        ("up-0", ["1", "2", "3"]),
        ("down-2", ["1", "2", "3"]),
        ("more-0", ["1", "2", "3"]),
        ("remove-9", ["1", "2", "3"]),
        ("explode", ["1", "2", "3"]),
        ("up-x", ["1", "2", "3"]),
    ],
)
def test_the_buttons_change_what_is_shown_and_nothing_else(
    mona: User, policy: Policy, button: str, minutes: list[str]
) -> None:
    before = specs(policy)
    rows = levels(*[(n, [f"user:{mona.pk}"]) for n in ("1", "2", "3")])
    answer = signed_in(mona).post(
        "/escalation/engineering/edit/", typed(policy, name="Typed", **rows, do=button)
    )
    assert answer.status_code == 200
    html = answer.content.decode()
    shown = [part.split('"', 1)[0] for part in html.split('inputmode="decimal" value="')[1:]]
    assert shown == minutes
    assert 'value="Typed"' in html
    assert html.count('name="level-0-targets"') == (2 if button == "more-0" else 1)
    assert specs(policy) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "Other"}, "There is a policy of this name already."),
        ({"repeat": "0"}, "greater than or equal to 1"),
        ({"repeat": "99"}, "less than or equal to 10"),
        ({"levels": "0"}, "A policy needs at least one level."),
        ({"level-0-minutes": "soon"}, "Enter minutes from 0.1 to 1440"),
        ({"level-0-minutes": "0"}, "Enter minutes from 0.1 to 1440"),
        ({"level-0-minutes": "99999"}, "Enter minutes from 0.1 to 1440"),
        ({"level-0-targets": [""]}, "Choose whom this level asks."),
        ({"level-0-targets": ["user:987654"]}, "cannot be asked any more"),
        ({"level-0-targets": ["robot:1"]}, "cannot be asked any more"),
        ({"version": "0"}, "Somebody else changed this policy while you were editing it."),
    ],
)
def test_what_is_wrong_comes_back_with_what_was_typed(
    mona: User, policy: Policy, changes: dict[str, Any], said: str
) -> None:
    cast.policy((60, [mona]), name="Other")
    before = specs(policy)
    rows = levels(("7", [f"user:{mona.pk}"]))
    answer = signed_in(mona).post(
        "/escalation/engineering/edit/", typed(policy, description="as typed", **{**rows, **changes})
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert said in html
    assert "as typed" in html
    assert 'role="alert"' in html
    assert specs(policy) == before


def test_only_an_admin_makes_a_policy_the_default(mona: User, policy: Policy) -> None:
    rows = levels(("7", [f"user:{mona.pk}"]))
    signed_in(mona).post("/escalation/engineering/edit/", typed(policy, **rows, is_default="on"))
    policy.refresh_from_db()
    assert not policy.is_default
    old = cast.policy((60, [mona]), name="Old default", is_default=True)
    answer = signed_in(cast.ada()).post(
        "/escalation/engineering/edit/", typed(policy, **rows, is_default="on")
    )
    assert answer.status_code == 302
    policy.refresh_from_db()
    old.refresh_from_db()
    assert (policy.is_default, old.is_default) == (True, False)
    rows = typed(policy, **levels(("8", [f"user:{mona.pk}"])))
    signed_in(mona).post("/escalation/engineering/edit/", rows)
    policy.refresh_from_db()
    assert policy.is_default


def test_a_policy_is_removed_unless_something_relies_on_it(mona: User, policy: Policy) -> None:
    client = signed_in(mona)
    routing.set_service_policy(cast.service(), policy=policy)
    refused = client.post("/escalation/engineering/remove/")
    assert refused.status_code == 409
    assert "still uses this policy" in refused.content.decode()
    routing.set_service_policy(cast.service(), policy=None)
    assert client.post("/escalation/engineering/remove/").status_code == 302
    assert not Policy.objects.exists()


@pytest.mark.parametrize("who", ["alice", "vera", "mallory", "nobody"])
@pytest.mark.parametrize("path", ["engineering/edit/", "engineering/remove/", "new/"])
def test_nobody_else_changes_a_policy(policy: Policy, who: str, path: str) -> None:
    before = specs(policy)
    user = {"alice": None, "vera": cast.vera, "mallory": cast.mallory, "nobody": None}[who]
    found = User.objects.get(email="alice@example.com") if who == "alice" else user() if user else None
    client = signed_in(found) if found else Client()
    given = typed(policy, **levels(("1", ["user:1"])))
    answer = client.post(f"/escalation/{path}", given)
    assert answer.status_code == (403 if found else 302)
    assert specs(policy) == before
    assert Policy.objects.count() == 1


def test_removing_is_a_post(mona: User, policy: Policy) -> None:
    assert signed_in(mona).get("/escalation/engineering/remove/").status_code == 405
    assert Policy.objects.count() == 1


def test_a_policy_without_levels_cannot_be_made(mona: User) -> None:
    with pytest.raises(operations.NoLevels):
        operations.create_policy(name="Empty", levels=[], actor=mona)


def test_a_level_says_who_they_are_to_the_others(mona: User, policy: Policy) -> None:
    client, address = signed_in(mona), f"/escalation/{policy.slug}/edit/"
    shown = levels(("10", [f"user:{mona.pk}"]))
    long = client.post(address, typed(policy, **shown, **{"level-0-description": "x" * 81}))
    assert long.status_code == 422
    assert "Use at most 80 letters." in long.content.decode()
    given = typed(policy, **shown, **{"level-0-description": "First line,  <follows> the runbook"})
    assert client.post(address, given).status_code == 302
    plan = queries.plan_of(queries.policy(mona, policy.slug))
    assert plan.levels[0].description == "First line, <follows> the runbook"
    assert queries.plans_of([policy.pk])[policy.pk] == plan == from_json(to_json(plan))
    said = "First line, &lt;follows&gt; the runbook"
    for page in (f"/escalation/{policy.slug}/", "/escalation/", address):
        assert said in client.get(page).content.decode(), page
    # Whoever is paged reads it where they read why, and so does who tries the policy out.
    assert why(plan, Position()) == "Level 1 of Engineering, First line, <follows> the runbook"
    simulated = client.get("/escalation/-/simulator/", {"policy": policy.slug}).content.decode()
    assert f"Level 1 of Engineering, {said}" in simulated
