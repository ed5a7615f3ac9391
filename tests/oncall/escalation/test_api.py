from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from core.outbox import sending
from core.tokens import operations as token_operations
from oncall.escalation.models import Escalation, Policy
from tests import cast
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
POLICIES, PAGES = "/api/v1/escalation-policies/", "/api/v1/pages/"


def caller(user: User, *scopes: str) -> APIClient:
    _, secret = token_operations.create(user, name="test", scopes=scopes or ["read", "write", "page"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def api(mona: User) -> APIClient:
    return caller(mona)


def body(*levels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "Engineering On-Call", "repeat": 2, "team": "payments", "levels": list(levels), **more}


def test_a_policy_is_made_as_the_contract_has_it(api: APIClient, mona: User, bob: User) -> None:
    primary = cast.always(bob, "Primary")
    made = api.post(
        POLICIES,
        body(
            {"timeout_seconds": 600, "targets": [{"type": "schedule", "id": "primary"}]},
            {"timeout_seconds": 600, "targets": [{"type": "schedule", "id": str(primary.pk)}]},
            {
                "timeout_seconds": 900,
                "targets": [{"type": "user", "id": mona.email}, {"type": "user", "id": str(bob.pk)}],
            },
            slug="engineering",
        ),
        format="json",
    )
    assert made.status_code == 201
    policy = Policy.objects.get()
    assert made["Location"] == made.data["url"] == "http://127.0.0.1:8000/escalation/engineering/"
    assert made.data == {
        "id": str(policy.pk),
        "slug": "engineering",
        "name": "Engineering On-Call",
        "description": "",
        "team": "payments",
        "repeat": 2,
        "ack_timeout_seconds": None,
        "acks_needed": 1,
        "is_default": False,
        "levels": [
            {
                "description": "",
                "timeout_seconds": 600,
                "round_robin": False,
                "pages_everyone": False,
                "acks_needed": None,
                "branch": None,
                "targets": [{"type": "schedule", "id": str(primary.pk), "turn": "now", "name": "Primary"}],
            },
            {
                "description": "",
                "timeout_seconds": 600,
                "round_robin": False,
                "pages_everyone": False,
                "acks_needed": None,
                "branch": None,
                "targets": [{"type": "schedule", "id": str(primary.pk), "turn": "now", "name": "Primary"}],
            },
            {
                "description": "",
                "timeout_seconds": 900,
                "round_robin": False,
                "pages_everyone": False,
                "acks_needed": None,
                "branch": None,
                "targets": [
                    {"type": "user", "id": str(mona.pk), "name": "Mona Example"},
                    {"type": "user", "id": str(bob.pk), "name": "Bob Example"},
                ],
            },
        ],
        "gives_up_after_seconds": 4200,
        "url": "http://127.0.0.1:8000/escalation/engineering/",
    }
    assert api.get(f"{POLICIES}engineering/").data == made.data == api.get(f"{POLICIES}{policy.pk}/").data


def test_a_level_says_who_they_are_to_the_others(api: APIClient, bob: User) -> None:
    targets = [{"type": "user", "id": str(bob.pk)}]
    made = api.post(POLICIES, body({"targets": targets, "description": " First line "}), format="json")
    assert made.data["levels"][0]["description"] == "First line"
    address = f"{POLICIES}{made.data['slug']}/"
    # What is given back is taken as it is, and a change of something else keeps it.
    assert (
        api.patch(address, {"levels": made.data["levels"]}, format="json").data["levels"]
        == made.data["levels"]
    )
    assert api.patch(address, {"repeat": 3}, format="json").data["levels"] == made.data["levels"]
    wrong = api.patch(address, {"levels": [{"targets": targets, "description": "x" * 81}]}, format="json")
    assert wrong.status_code == 400
    assert "no more than 80" in str(wrong.data)


def test_a_level_asks_a_team_and_other_turns_of_a_schedule(api: APIClient, bob: User) -> None:
    primary = cast.always(bob, "Primary")
    targets = [
        {"type": "schedule", "id": "primary", "turn": "next"},
        {"type": "schedule", "id": "primary", "turn": "previous"},
        {"type": "team", "id": "payments"},
    ]
    made = api.post(
        POLICIES, body({"targets": targets, "round_robin": True, "pages_everyone": True}), format="json"
    )
    assert made.data["levels"][0]["round_robin"] is True
    assert made.data["levels"][0]["targets"] == [
        {"type": "schedule", "id": str(primary.pk), "turn": "next", "name": "Primary"},
        {"type": "schedule", "id": str(primary.pk), "turn": "previous", "name": "Primary"},
        {"type": "team", "id": str(cast.team().pk), "name": "Payments"},
    ]


def test_a_policy_is_replaced_changed_and_removed(api: APIClient, mona: User) -> None:
    cast.policy((60, [mona]), name="Engineering", team=cast.team())
    address = f"{POLICIES}engineering/"
    level = {"timeout_seconds": 30, "targets": [{"type": "user", "id": str(mona.pk)}]}
    replaced = api.put(address, body(level, name="Renamed"), format="json")
    assert (replaced.data["name"], replaced.data["repeat"], len(replaced.data["levels"])) == ("Renamed", 2, 1)
    changed = api.patch(address, {"repeat": 3, "ack_timeout_seconds": 1800}, format="json")
    assert (changed.data["repeat"], changed.data["name"]) == (3, "Renamed")
    assert changed.data["ack_timeout_seconds"] == 1800
    assert api.patch(address, {"description": "Kept"}, format="json").data["ack_timeout_seconds"] == 1800
    assert changed.data["levels"] == replaced.data["levels"]
    etag = api.get(address)["ETag"]
    assert api.patch(address, {"repeat": 4}, format="json", HTTP_IF_MATCH=etag).status_code == 200
    assert api.patch(address, {"repeat": 5}, format="json", HTTP_IF_MATCH=etag).status_code == 412
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Taken"}, "name"),
        ({"slug": "taken"}, "slug"),
        ({"slug": "not a slug"}, "slug"),
        ({"repeat": 0}, "repeat"),
        ({"repeat": 11}, "repeat"),
        ({"ack_timeout_seconds": 59}, "ack_timeout_seconds"),
        ({"slug": "last-resort"}, "slug"),
        ({"levels": []}, "levels"),
        ({"levels": [{"targets": []}]}, "levels.0.targets"),
        (
            {"levels": [{"timeout_seconds": 0, "targets": [{"type": "user", "id": "1"}]}]},
            "levels.0.timeout_seconds",
        ),
        ({"levels": [{"targets": [{"type": "robot", "id": "1"}]}]}, "levels.0.targets.0.type"),
        ({"levels": [{"targets": [{"type": "user", "id": "987654"}]}]}, "levels.0.targets.0.id"),
        ({"levels": [{"targets": [{"type": "schedule", "id": "none"}]}]}, "levels.0.targets.0.id"),
        ({"levels": [{"targets": [{"type": "team", "id": "none"}]}]}, "levels.0.targets.0.id"),
        (
            {"levels": [{"targets": [{"type": "team", "id": "payments", "turn": "next"}]}]},
            "levels.0.targets.0.turn",
        ),
        (
            {"levels": [{"targets": [{"type": "schedule", "id": "none", "turn": "last"}]}]},
            "levels.0.targets.0.turn",
        ),
        ({"levels": "all"}, "levels"),
        ({"team": "none"}, "team"),
    ],
)
def test_a_bad_policy_answers_400_and_names_the_field(
    api: APIClient, mona: User, given: dict[str, Any], field: str
) -> None:
    cast.policy((60, [mona]), name="Taken")
    good = body({"targets": [{"type": "user", "id": str(mona.pk)}]})
    answer = api.post(POLICIES, {**good, **given}, format="json")
    assert answer.status_code == 400
    assert field in answer.data["errors"]
    assert Policy.objects.count() == 1


def test_only_managers_of_the_team_change_its_policies(mona: User) -> None:
    cast.policy((60, [mona]), name="Engineering", team=cast.team())
    address = f"{POLICIES}engineering/"
    level = {"targets": [{"type": "user", "id": str(mona.pk)}]}
    outsider = cast.person("Otto", role="manager", team=cast.team("Elsewhere"))
    for user in (cast.vera(), cast.mallory(), outsider):
        client = caller(user)
        assert client.get(address).status_code == 200
        assert client.patch(address, {"repeat": 9}, format="json").status_code == 403
        assert client.delete(address).status_code == 403
        assert client.post(POLICIES, body(level, name="New"), format="json").status_code == 403
    assert caller(mona).patch(address, {"is_default": True}, format="json").status_code == 403
    assert caller(cast.ada()).patch(address, {"is_default": True}, format="json").data["is_default"]
    assert list(Policy.objects.values_list("repeat", "name")) == [(1, "Engineering")]


def test_a_policy_in_use_answers_409(api: APIClient, mona: User) -> None:
    cast.policy((60, [mona]), name="Engineering", team=cast.team(), is_default=True)
    answer = api.delete(f"{POLICIES}engineering/")
    assert answer.status_code == 409
    assert "default" in answer.data["detail"]


# The ledger


def test_the_ledger_has_each_page_with_its_attempts(api: APIClient, bob: User, smtp: Smtp) -> None:
    alert = cast.alert()
    cast.escalation(alert, cast.policy((600, [bob])))
    drain()
    sending.send_due()
    (page,) = api.get(PAGES).data["results"]
    assert (page["alert"], page["incident"], page["user"], page["level"], page["status"]) == (
        str(alert.pk),
        None,
        str(bob.pk),
        1,
        "sent",
    )
    assert page["planned_at"].endswith("Z")
    assert page["why"].startswith("Level 1 of Engineering.")
    (delivery,) = page["deliveries"]
    assert (delivery["channel"], delivery["address_hint"]) == ("email", "b•••@example.com")
    (attempt,) = delivery["attempts"]
    assert attempt["outcome"] == "accepted"
    assert "bob@example.com" not in str(page)
    assert api.get(f"{PAGES}{page['id']}/").data == page


def test_the_ledger_is_filtered_and_bounded(
    api: APIClient, mona: User, bob: User, django_assert_max_num_queries: Any
) -> None:
    first, second = cast.alert("One"), cast.alert("Two")
    cast.escalation(first, cast.policy((600, [bob, mona])))
    cast.escalation(second, Policy.objects.get())
    drain()
    assert len(api.get(PAGES).data["results"]) == 4
    assert len(api.get(PAGES, {"user": bob.pk}).data["results"]) == 2
    assert len(api.get(PAGES, {"escalation__alert": first.pk}).data["results"]) == 2
    assert len(api.get(PAGES, {"status": "failed"}).data["results"]) == 0
    with django_assert_max_num_queries(8):
        api.get(PAGES)


def test_pages_about_a_private_incident_are_absent_for_others(mona: User, bob: User) -> None:
    alice = cast.alice()
    incident = cast.incident("Breach", by=alice, private=True)
    cast.escalation(incident, cast.policy((600, [bob])))
    drain()
    page = caller(bob).get(PAGES).data["results"][0]
    for user, listed, status in ((alice, 0, 200), (bob, 1, 200), (mona, 0, 404), (cast.ada(), 0, 404)):
        client = caller(user)
        assert len(client.get(PAGES).data["results"]) == listed
        assert client.get(f"{PAGES}{page['id']}/").status_code == status


@pytest.mark.parametrize("target", ["user", "schedule", "team", "policy"])
def test_somebody_is_paged_by_hand(api: APIClient, bob: User, target: str) -> None:
    cast.always(bob, "Database")
    cast.policy((60, [bob]), name="Engineering")
    names = {"user": str(bob.pk), "schedule": "database", "team": "payments", "policy": "engineering"}
    incident = cast.incident(by=bob)
    given = {target: names[target], "message": "Need help with the database", "incident": str(incident)}
    answer = api.post(PAGES, given, format="json")
    assert answer.status_code == 201
    running = Escalation.objects.get(by_hand=True)
    assert answer.data["escalation"] == str(running.pk)
    assert (running.incident, running.message) == (incident, "Need help with the database")
    drain()
    (page, *_) = api.get(PAGES, {"user": bob.pk}).data["results"]
    assert (page["message"], page["incident"]) == ("Need help with the database", str(incident))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"message": "Help"},
        {"user": "1", "schedule": "database", "message": "Help"},
        {"user": "987654", "message": "Help"},
        {"user": "bob@example.com"},
        {"user": "bob@example.com", "message": "  "},
        {"user": "bob@example.com", "message": "Help", "incident": "INC-987"},
        {"user": "bob@example.com", "message": "Help", "urgency": "extreme"},
    ],
)
def test_a_bad_page_answers_400_and_pages_nobody(api: APIClient, bob: User, given: dict[str, Any]) -> None:
    assert api.post(PAGES, given, format="json").status_code == 400
    assert not Escalation.objects.exists()


def test_paging_needs_the_scope_and_the_role(mona: User, bob: User) -> None:
    given = {"user": "bob@example.com", "message": "Help"}
    assert caller(mona, "read", "write").post(PAGES, given, format="json").status_code == 403
    assert caller(cast.vera()).post(PAGES, given, format="json").status_code == 403
    assert APIClient().post(PAGES, given, format="json").status_code == 401
    assert not Escalation.objects.exists()
    assert caller(mona, "page").post(PAGES, given, format="json").status_code == 201


def test_the_same_page_sent_again_with_its_key_is_one_page(api: APIClient, bob: User) -> None:
    given = {"user": "bob@example.com", "message": "Help"}
    answers = [api.post(PAGES, given, format="json", HTTP_IDEMPOTENCY_KEY="a-key").data for _ in range(2)]
    assert answers[0] == answers[1]
    assert Escalation.objects.count() == 1


def test_an_incident_one_may_not_know_of_cannot_be_paged_for(mona: User, bob: User) -> None:
    incident = cast.incident("Breach", by=bob, private=True)
    given = {"user": "bob@example.com", "message": "Help", "incident": str(incident)}
    assert caller(mona).post(PAGES, given, format="json").status_code == 400
    assert not Escalation.objects.filter(by_hand=True).exists()
