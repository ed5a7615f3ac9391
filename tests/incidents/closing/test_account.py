"""What customers read of what happened, once it is over (R111, R121)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.closing import rules
from incidents.closing.operations import Said, resolve
from incidents.closing.rules import Story
from incidents.lifecycle import operations as lifecycle
from incidents.models import Approval, ApprovalRule
from incidents.updates import operations as updates
from incidents.updates.models import Update
from tests import cast
from tests.incidents.closing.test_operations import every, mitigated
from tests.incidents.closing.test_views import buyer, public_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.test import Client

    from incidents.models import Incident

KNOWN = Story(
    begun="Sat 15 Nov 2025 14:23 UTC",
    ended="Sat 15 Nov 2025 14:47 UTC",
    lasted="24 min",
    impact="15% of users could not sign in",
    cause="Each sign-in opened too many connections",
    ended_by="Rollback",
    next_steps="We test sign-ins at twice the load",
    is_written_up=True,
)


def test_the_draft_says_impact_times_cause_end_and_what_comes_next() -> None:
    assert rules.account(KNOWN).split("\n\n") == [
        "15% of users could not sign in. This was so from Sat 15 Nov 2025 14:23 UTC until Sat 15 Nov 2025 14:47 UTC,"
        " for 24 min.",
        "Why: Each sign-in opened too many connections.",
        "What ended it: Rollback.",
        "What we do next: We test sign-ins at twice the load.",
        "We are writing down what happened and what we change, so that it does not happen again.",
        "We are sorry for the disruption.",
    ]


def test_what_nobody_knows_the_draft_does_not_make_up() -> None:
    story = Story(KNOWN.begun, KNOWN.ended, KNOWN.lasted, "", "", "", "", is_written_up=False)
    assert (
        rules.account(story)
        .split("\n\n")[0]
        .startswith("Some of our customers were affected. This was so from")
    )
    assert rules.account(story).split("\n\n")[1:] == [
        "We are still finding out why it happened.",
        "We are sorry for the disruption.",
    ]


def over(**given: Any) -> Incident:
    alice = cast.alice()
    incident = mitigated(alice, **given)
    lifecycle.set_picture(incident, impact="Cards fail", hypothesis="The pool was full", actor=alice)
    resolve(incident, said=Said(confirmed=every()), actor=alice)
    incident.refresh_from_db()
    return incident


@pytest.mark.django_db
def test_the_cause_stands_in_the_draft_once_it_was_confirmed(client: Client) -> None:
    incident = over()
    cast.status_page()
    client.force_login(incident.declared_by)  # type: ignore[arg-type]
    path = f"/incidents/{incident}/account/"
    page = client.get(path).content.decode()
    assert "We are still finding out why it happened." in page
    assert "The pool was full" not in page
    assert incident.declared_by is not None
    lifecycle.judge_hypothesis(incident, verdict="confirmed", actor=incident.declared_by)
    assert "Why: The pool was full." in client.get(path).content.decode()


@pytest.mark.django_db
def test_it_goes_out_as_it_was_seen_and_is_kept_as_the_account(client: Client) -> None:
    incident = over()
    cast.status_page()
    buyer()
    client.force_login(incident.declared_by)  # type: ignore[arg-type]
    path = f"/incidents/{incident}/account/"
    page = client.get(path).content.decode()
    assert "Tell 1 status page and 1 person</button>" in page
    empty = client.post(path, {"public_clear": " ", **public_words(page)})
    assert (empty.status_code, "Write what customers should read." in empty.content.decode()) == (422, True)
    form = {"public_clear": "Cards failed for an hour.\r\nThe pool was full."}
    refused = client.post(path, {**form, **public_words(page)})
    again = refused.content.decode()
    assert refused.status_code == 422
    assert "Look below how customers will see the words now" in again
    assert "Cards failed for an hour.<br>The pool was full." in again
    assert client.post(path, {**form, **public_words(again)}).status_code == 302
    update = Update.objects.get()
    assert (update.audience, update.is_account, update.text) == (
        "public",
        True,
        "Cards failed for an hour.\nThe pool was full.",
    )
    assert [row.name for row in update.told.all()] == ["buyer@example.org"]


@pytest.mark.django_db
def test_where_somebody_else_approves_it_waits_for_them(client: Client) -> None:
    incident = over()
    cast.status_page()
    ApprovalRule.objects.create(audience="public")
    client.force_login(incident.declared_by)  # type: ignore[arg-type]
    path = f"/incidents/{incident}/account/"
    page = client.get(path).content.decode()
    assert "Ask for approval, then tell 1 status page</button>" in page
    words = public_words(
        client.post(path, {"public_clear": "Cards failed.", **public_words(page)}).content.decode()
    )
    assert client.post(path, {"public_clear": "Cards failed.", **words}).status_code == 302
    assert not Update.objects.exists()
    assert Approval.objects.get().content["is_account"] is True


@pytest.mark.django_db
def test_there_is_none_while_it_goes_on_and_none_of_what_stays_inside(client: Client) -> None:
    alice = cast.alice()
    cast.status_page()
    goes_on, hidden, drill = mitigated(alice), mitigated(alice, private=True), mitigated(alice, drill=True)
    for each in (hidden, drill):
        resolve(each, said=Said(confirmed=every()), actor=alice)
    client.force_login(alice)
    for each in (goes_on, hidden, drill):
        assert client.get(f"/incidents/{each}/account/").status_code == 404
    over_ = mitigated(alice)
    resolve(over_, said=Said(confirmed=every()), actor=alice)
    assert client.get(f"/incidents/{over_}/account/").status_code == 200
    assert f"/incidents/{over_}/account/" in client.get(f"/incidents/{over_}/").content.decode()
    client.force_login(cast.vera())
    assert client.get(f"/incidents/{over_}/account/").status_code == 403


@pytest.mark.django_db
def test_a_program_publishes_it(client: Client) -> None:
    incident = over()
    assert incident.declared_by is not None
    caller = cast.caller(incident.declared_by)
    body = {"audience": "public", "text": "Cards failed.", "is_account": True}
    assert caller.post(f"/api/v1/incidents/{incident}/updates/", body, format="json").status_code == 201
    assert Update.objects.get().is_account is True
    inside = caller.post(
        f"/api/v1/incidents/{incident}/updates/", {**body, "audience": "internal"}, format="json"
    )
    assert inside.status_code == 409


@pytest.mark.django_db
def test_its_page_asks_the_database_a_bounded_number_of_times(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    incident = over()
    cast.status_page(*(cast.service(f"Service {n}") for n in range(6)))
    buyer()
    assert incident.declared_by is not None
    updates.publish(incident, audience="internal", text="Over.", actor=incident.declared_by)
    client.force_login(incident.declared_by)
    client.get(f"/incidents/{incident}/account/")
    with django_assert_max_num_queries(26):
        client.get(f"/incidents/{incident}/account/")
