"""An update that somebody else must look at waits for their yes, and lapses without it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.errors import Refused
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.approvals import operations
from incidents.approvals.models import Approval, ApprovalRule
from incidents.lifecycle import operations as lifecycle
from incidents.updates import operations as updates
from incidents.updates.models import Update
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
WORDS: dict[str, Any] = {"audience": "public", "text": "Cards fail."}


@pytest.fixture
def rule() -> ApprovalRule:
    return ApprovalRule.objects.create(audience="public", severity=cast.severity("SEV1"), by="second")


@pytest.fixture
def incident(alice: User, rule: ApprovalRule) -> Incident:
    return cast.incident(by=alice, severity="SEV1")


def pass_minutes(minutes: int) -> None:
    for timer in Timer.objects.filter(kind=operations.DUE, done_at=None, cancelled_at=None):
        Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at - timedelta(minutes=minutes))
    timers.run_due()


def test_nothing_goes_out_without_a_second_person(incident: Incident, alice: User, bob: User) -> None:
    with pytest.raises(updates.NeedsApproval):
        updates.publish(incident, **WORDS, actor=alice)
    lifecycle.join(incident, user=bob)
    asked = operations.ask(incident, content=WORDS, actor=alice)
    assert operations.ask(incident, content=WORDS, actor=alice) == asked  # a double press
    assert not Update.objects.exists()
    assert [m.address for m in Message.objects.filter(client=operations.CLIENT)] == [bob.email]
    with pytest.raises(PermissionDenied):
        operations.approve(asked, actor=alice)
    for _ in range(2):
        operations.approve(asked, actor=bob)
    update = Update.objects.get()
    assert (update.text, update.author, update.approved_by) == ("Cards fail.", alice, bob)
    assert not Timer.objects.filter(kind=operations.DUE, cancelled_at=None, done_at=None).exists()


@pytest.mark.parametrize("given", [{"audience": "internal"}, {"no_news": True}])
def test_what_no_rule_asks_for_goes_out_at_once(
    incident: Incident, alice: User, given: dict[str, Any]
) -> None:
    updates.publish(incident, **{**WORDS, **given}, actor=alice)
    assert Update.objects.count() == 1
    with pytest.raises(operations.NotNeeded):
        operations.ask(incident, content={**WORDS, "audience": "internal"}, actor=alice)
    assert Update.objects.count() == 1


def test_at_another_level_nobody_is_asked(rule: ApprovalRule, alice: User) -> None:
    updates.publish(cast.incident(by=alice, severity="SEV2"), **WORDS, actor=alice)
    assert Update.objects.count() == 1


def test_other_words_are_another_request(incident: Incident, alice: User, bob: User) -> None:
    first = operations.ask(incident, content=WORDS, actor=alice)
    second = operations.ask(incident, content={**WORDS, "text": "Some cards fail."}, actor=alice)
    first.refresh_from_db()
    assert (first.state, first.why) == ("lapsed", "The text was changed.")
    with pytest.raises(operations.Over):
        operations.approve(first, actor=bob)
    operations.approve(second, actor=bob)
    assert Update.objects.get().text == "Some cards fail."


def test_two_cannot_wait_at_once(incident: Incident, alice: User) -> None:
    asked = operations.ask(incident, content=WORDS, actor=alice)
    asked.pk, asked.key = None, None  # type: ignore[assignment]
    with pytest.raises(IntegrityError), transaction.atomic():
        asked.save()


def test_what_cannot_be_published_is_said_to_whoever_wrote_it(incident: Incident, alice: User) -> None:
    with pytest.raises(Refused):
        operations.ask(incident, content={**WORDS, "next_update_in_seconds": 1}, actor=alice)
    assert not Approval.objects.exists()
    assert not incident.timeline.filter(kind="public_update").exists()


def test_whoever_speaks_approves_and_needs_no_approval(
    incident: Incident, rule: ApprovalRule, alice: User, bob: User, carol: User
) -> None:
    ApprovalRule.objects.update(by="communications")
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice)
    asked = operations.ask(incident, content=WORDS, actor=alice)
    with pytest.raises(PermissionDenied):
        operations.approve(asked, actor=carol)
    operations.decline(asked, why="Say what still works", actor=bob)
    assert not Update.objects.exists()
    mail = Message.objects.get(client=operations.CLIENT, address=alice.email)
    assert "Say what still works" in operations.render(mail).text
    updates.publish(incident, **WORDS, actor=bob)
    assert Update.objects.count() == 1


def test_without_a_yes_they_are_asked_again_and_then_it_lapses(
    incident: Incident, alice: User, bob: User
) -> None:
    lifecycle.join(incident, user=bob)
    asked = operations.ask(incident, content=WORDS, actor=alice)
    pass_minutes(6)
    assert Message.objects.filter(client=operations.CLIENT, address=bob.email).count() == 2
    pass_minutes(26)
    asked.refresh_from_db()
    assert asked.state == "lapsed"
    assert not Update.objects.exists()
    assert Message.objects.filter(client=operations.CLIENT, address=alice.email).count() == 1
    assert (
        incident.timeline.latest("id").text == "Public update was not published: nobody approved it in time"
    )
    operations.come_due(asked.pk, lapse=True)  # the clock strikes twice
    assert incident.timeline.filter(data__what="lapsed").count() == 1
    waiting = Message.objects.filter(client=operations.CLIENT, address=bob.email)
    assert set(operations.still_wanted(list(waiting))) == {message.pk for message in waiting}


def test_the_room_lets_it_be_approved_in_one_press(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    client.force_login(alice)
    form = {
        "audience": "public",
        "text": "<b>Cards</b> fail.",
        "status": "investigating",
        "next_update_in_seconds": "",
    }
    preview = client.post(f"/incidents/{incident}/updates/preview/", form).content.decode()
    assert "Ask for approval, then publish" in preview
    answer = client.post(f"/incidents/{incident}/updates/", form)
    asked = Approval.objects.get()
    assert answer["Location"] == f"/incidents/{incident}/approvals/{asked.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "&lt;b&gt;Cards" in page
    assert "approve/" not in page
    client.force_login(bob)
    box = client.get(f"/incidents/{incident}/-/approvals/").content.decode()
    assert "Approve and publish" in box
    assert client.post(f"{answer['Location']}decline/", {"why": ""}).status_code == 422
    assert client.get(f"{answer['Location']}approve/").status_code == 405
    assert client.post(f"{answer['Location']}approve/").status_code == 302
    assert Update.objects.get().approved_by == bob
    assert "Approve" not in client.get(f"/incidents/{incident}/-/approvals/").content.decode()


def test_who_only_reads_or_sees_nothing_approves_nothing(
    client: Client, alice: User, rule: ApprovalRule
) -> None:
    ApprovalRule.objects.update(audience="internal")
    private = cast.incident(by=alice, severity="SEV1", private=True)
    asked = operations.ask(private, content={**WORDS, "audience": "internal"}, actor=alice)
    for who, status in ((cast.vera(), 403), (cast.mallory(), 404)):
        client.force_login(who)
        assert client.post(f"/incidents/{private}/approvals/{asked.pk}/approve/").status_code == status
    assert not Update.objects.exists()
    assert "Cards fail" not in operations._words(asked, "ask").text


def test_programs_ask_and_approve(incident: Incident, alice: User, bob: User) -> None:
    path = f"/api/v1/incidents/{incident}/"
    hers, his = cast.caller(alice), cast.caller(bob)
    assert hers.post(f"{path}updates/", WORDS, format="json").status_code == 409
    made = hers.post(f"{path}approvals/", WORDS, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["text"], made.json()["state"]) == ("Cards fail.", "waiting")
    one = f"{path}approvals/{made.json()['id']}/"
    assert hers.post(f"{one}approve/", format="json").status_code == 403
    assert his.post(f"{one}approve/", format="json").json()["state"] == "approved"
    assert his.post(f"{one}decline/", {"why": "x"}, format="json").status_code == 409
    assert his.get("/api/v1/approval-rules/").json()["results"][0]["by"] == "second"


def test_whoever_approves_sees_what_customers_will_see(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    (part,) = cast.status_page(cast.service())
    content = WORDS | {"status": "identified", "components": {part.public_id: "partial_outage"}}
    row = operations.ask(incident, content=content, actor=alice)
    client.force_login(bob)
    address = f"/incidents/{incident}/approvals/{row.pk}/"
    seen = client.get(address).content.decode()
    assert f"<h2>{part.page.name} <small>as customers will see it</small></h2>" in seen
    assert "<p>Cards fail.</p>" in seen
    assert f"<span>{part.name}</span>" in seen
    assert f"moves {incident} to the stage <b>Identified</b>" in seen
    operations.approve(row, actor=bob)
    after = client.get(address).content.decode()
    assert "as customers will see it" not in after
    assert "<h2>As it was written</h2>" in after
