from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from core.events.models import Event
from oncall.escalation import operations
from oncall.escalation.models import Escalation
from oncall.paging import tokens
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import drain
from tests.oncall.escalation.test_api import caller

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NEW = "/pages/new/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(whom: str, **more: Any) -> dict[str, Any]:
    return {"whom": whom, "message": "Look at the database", "urgency": "high", **more}


# The form


@pytest.mark.parametrize("kind", ["user", "schedule", "team", "policy"])
def test_somebody_is_paged_from_the_form(alice: User, bob: User, kind: str) -> None:
    ids = {
        "user": bob.pk,
        "schedule": cast.always(bob).pk,
        "team": cast.team().pk,
        "policy": cast.policy((60, [bob])).pk,
    }
    incident = cast.incident(by=alice)
    answer = signed_in(alice).post(NEW, given(f"{kind}:{ids[kind]}", incident=incident.pk), follow=True)
    running = Escalation.objects.get(by_hand=True)
    assert answer.redirect_chain == [(reverse("oncall:by-hand", args=[running.pk]), 302)]
    assert "is being paged." in answer.content.decode()
    assert (running.incident, running.message, running.started_by) == (
        incident,
        "Look at the database",
        alice,
    )


def test_the_address_chooses_beforehand(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice)
    page = signed_in(alice).get(f"{NEW}?whom=user:{bob.pk}&incident={incident.pk}").content.decode()
    assert f'<option value="user:{bob.pk}" selected>' in page
    assert f'<option value="{incident.pk}" selected>' in page


@pytest.mark.parametrize(
    "wrong", [{"whom": ""}, {"whom": "user:0"}, {"message": " "}, {"urgency": "extreme"}, {"incident": "0"}]
)
def test_a_bad_form_comes_back_with_its_values_and_pages_nobody(
    alice: User, bob: User, wrong: dict[str, str]
) -> None:
    answer = signed_in(alice).post(NEW, given(f"user:{bob.pk}") | wrong)
    assert answer.status_code == 422
    assert "Nobody was paged." in answer.content.decode()
    assert not Escalation.objects.exists()


def test_a_team_of_nobody_is_refused_in_the_form(alice: User) -> None:
    empty = cast.team("Empty")
    answer = signed_in(alice).post(NEW, given(f"team:{empty.pk}"))
    assert (answer.status_code, "has no active responder" in answer.content.decode()) == (422, True)


def test_a_viewer_pages_nobody(bob: User) -> None:
    before = Event.objects.count()
    client = signed_in(cast.vera())
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, given(f"user:{bob.pk}")).status_code == 403
    assert (Escalation.objects.count(), Event.objects.count()) == (0, before)


def test_an_incident_one_may_not_know_of_cannot_be_chosen(bob: User) -> None:
    secret = cast.incident("Breach", by=bob, private=True)
    client = signed_in(cast.mallory())
    assert "Breach" not in client.get(NEW).content.decode()
    assert client.post(NEW, given(f"user:{bob.pk}", incident=secret.pk)).status_code == 422


# Its page


def test_whoever_paged_sees_who_declined_and_why(alice: User, bob: User) -> None:
    pk = operations.page_by_hand(actor=alice, user=bob, message="Look at the database")
    drain()
    client = signed_in(alice)
    for name in ("by-hand", "by-hand-region"):
        page = client.get(reverse(f"oncall:{name}", args=[pk])).content.decode()
        assert "Waiting" in page
    operations.decline(Page.objects.select_related("escalation").get(), actor=bob, reason="On a plane")
    page = client.get(reverse("oncall:by-hand", args=[pk])).content.decode()
    assert "On a plane" in page
    assert "Declined" in page
    assert reverse("oncall:by-hand", args=[pk]) in client.get(NEW).content.decode()


def test_a_page_about_a_private_incident_does_not_exist_for_others(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice, private=True)
    pk = operations.page_by_hand(actor=alice, user=bob, incident=incident, message="Breach")
    address, mallory = reverse("oncall:by-hand", args=[pk]), signed_in(cast.mallory())
    assert mallory.get(address).status_code == 404
    assert "Breach" not in mallory.get(NEW).content.decode()
    assert signed_in(alice).get(address).status_code == 200


@pytest.mark.parametrize("count", [2, 20])
def test_its_page_takes_the_same_few_queries_however_many_are_asked(
    count: int, alice: User, django_assert_max_num_queries: Any
) -> None:
    people = [cast.person(f"P{n}") for n in range(count)]
    policy = cast.policy((60, people))
    pk = operations.page_by_hand(actor=alice, policy=policy, message="Help")
    drain()
    client = signed_in(alice)
    with django_assert_max_num_queries(28):
        assert client.get(reverse("oncall:by-hand", args=[pk])).status_code == 200


# On the phone


def test_a_page_by_hand_offers_accept_and_decline_and_no_passing_on(alice: User, bob: User) -> None:
    operations.page_by_hand(actor=alice, user=bob, message="Look at the database")
    drain()
    page = Client().get(f"/p/{tokens.make(Page.objects.get())}/").content.decode()
    assert "Accept" in page
    assert "Decline and say why" in page
    assert 'value="pass"' not in page


def test_declining_on_the_phone_needs_a_reason_and_is_shown(alice: User, bob: User) -> None:
    operations.page_by_hand(actor=alice, user=bob, message="Look at the database")
    drain()
    address = f"/p/{tokens.make(Page.objects.get())}/"
    answer = Client().post(address, {"action": "decline", "reason": " "})
    assert (answer.status_code, "Say why" in answer.content.decode()) == (409, True)
    assert Page.objects.get().status == "pending"
    answer = Client().post(address, {"action": "decline", "reason": "On a plane <b>"})
    assert answer.status_code == 303
    page = Client().get(address).content.decode()
    assert "“On a plane &lt;b&gt;”. Alice Example was told." in page
    assert "Accept" not in page
    assert Client().post(address, {"action": "decline", "reason": "Again"}).status_code == 303
    assert Page.objects.get().answer == "On a plane <b>"


def test_a_page_of_an_alert_cannot_be_declined_on_the_phone(bob: User) -> None:
    cast.escalation(cast.alert(), cast.policy((600, [bob])))
    drain()
    answer = Client().post(f"/p/{tokens.make(Page.objects.get())}/", {"action": "decline", "reason": "No"})
    assert (answer.status_code, Page.objects.get().status) == (409, "pending")


# By the API


def test_a_page_is_accepted_and_declined_by_its_own_person_alone(alice: User, bob: User) -> None:
    started = operations.page_by_hand(
        actor=alice, policy=cast.policy((600, [bob]), (600, [alice])), message="Help"
    )
    drain()
    (page,) = caller(bob).get("/api/v1/pages/", {"escalation": started}).data["results"]
    address = f"/api/v1/pages/{page['id']}/"
    for verb in ("accept", "decline"):
        answer = caller(cast.carol() if verb == "accept" else cast.mallory()).post(
            f"{address}{verb}/", {"reason": "No"}, format="json"
        )
        assert (answer.status_code, "Only the person" in answer.data["detail"]) == (409, True)
    assert caller(bob, "read", "write").post(f"{address}decline/", {"reason": "No"}).status_code == 403
    assert caller(bob).post(f"{address}decline/", {}, format="json").status_code == 400
    answer = caller(bob).post(f"{address}decline/", {"reason": "On a plane"}, format="json")
    assert (answer.status_code, answer.data["status"], answer.data["answer"]) == (
        200,
        "declined",
        "On a plane",
    )
    drain()
    (mine,) = caller(alice).get("/api/v1/pages/", {"user": alice.pk}).data["results"]
    answer = caller(alice).post(f"/api/v1/pages/{mine['id']}/accept/")
    assert (answer.status_code, answer.data["status"]) == (200, "acknowledged")
