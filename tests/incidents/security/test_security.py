"""A matter of security: its people are called at once, and nothing of it is ticked away without words (R325)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.events.models import Event
from incidents.closing import operations as closing
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.registry import HeldOpen
from incidents.privacy import operations as privacy
from incidents.security import operations
from incidents.security.models import SecurityCheck, SecurityItem, SecurityTrack
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"
SAID = closing.Said(reason="It works", despite="We are sure")


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident("Somebody else signs in", by=alice, severity="SEV1")


def rotated(incident: Incident) -> SecurityItem:
    return incident.security_items.get(slug="credentials-rotated")


def answer_all(incident: Incident, actor: User, *, but: str = "") -> None:
    for row in incident.security_items.exclude(slug=but):
        operations.answer(row, words="All 12", actor=actor)


def test_who_is_on_call_for_security_is_paged_at_once_and_once(
    incident: Incident, alice: User, bob: User, settings: Settings
) -> None:
    schedule = cast.always(bob, name="Security")
    settings.SECURITY_SCHEDULE = schedule.slug
    for _ in range(2):
        operations.begin(incident, actor=alice)
    fact = Event.objects.get(name="incident.responder_wanted").payload
    assert (fact["kind"], fact["target_id"]) == ("schedule", schedule.pk)
    assert fact["message"] == f"Security is needed in {incident}"
    assert [row.slug for row in incident.security_items.all()] == [
        "credentials-rotated",
        "access-closed",
        "evidence-kept",
    ]
    assert lifecycle.commander(incident) == alice


def test_where_nobody_is_configured_or_in_a_drill_the_room_says_that_nobody_is_paged(
    incident: Incident, alice: User, bob: User, settings: Settings
) -> None:
    operations.begin(incident, actor=alice)
    texts = [row.text for row in incident.timeline.filter(kind="page")]
    assert texts == [
        "Nobody is paged for security: no schedule is configured (SECURITY_SCHEDULE). Ask somebody in"
    ]
    settings.SECURITY_SCHEDULE = cast.always(bob, name="Security").slug
    drill = cast.incident("Practice", by=alice, drill=True)
    operations.begin(drill, actor=alice)
    assert drill.timeline.get(kind="page").text == (
        "Nobody is paged for security: this is a drill. Ask somebody in"
    )


def test_until_each_is_answered_it_neither_resolves_nor_closes(incident: Incident, alice: User) -> None:
    operations.begin(incident, actor=alice)
    answer_all(incident, alice, but="credentials-rotated")
    words = "Security: “Credentials that may be known are rotated” is not answered"
    with pytest.raises(HeldOpen, match=words):
        closing.resolve(incident, said=SAID, actor=alice)
    with pytest.raises(HeldOpen, match=words):
        lifecycle.close(incident, outcome="false_alarm", reason="Nothing", actor=alice)
    with pytest.raises(operations.NoReason, match="Say what was done"):
        operations.answer(rotated(incident), words="  ", actor=alice)
    operations.answer(rotated(incident), words="Only a test account", actor=alice, needed=False)
    assert closing.resolve(incident, said=SAID, actor=alice).status == "resolved"
    row = rotated(incident)
    assert (row.state, row.words, row.ended_by) == ("not_needed", "Only a test account", alice)
    last = Event.objects.filter(name="incident.security_changed").latest("pk")
    assert (last.payload["what"], last.payload["item_id"], last.actor_id) == ("not_needed", row.pk, alice.pk)
    text = "Not needed: Credentials that may be known are rotated. Only a test account"
    assert incident.timeline.filter(text=text, actor=alice).exists()


def test_what_was_answered_is_reopened_with_a_reason_and_not_overwritten(
    incident: Incident, alice: User, bob: User
) -> None:
    operations.begin(incident, actor=alice)
    row = operations.answer(rotated(incident), words="Keys of the bucket", actor=alice)
    assert operations.answer(row, words="Keys of the bucket", actor=bob).ended_by == alice
    with pytest.raises(operations.IsAnswered, match="by Alice Example"):
        operations.answer(row, words="Nothing", actor=bob, needed=False)
    with pytest.raises(operations.NoReason):
        operations.reopen(row, why="", actor=bob)
    row = operations.reopen(row, why="One was left out", actor=bob)
    assert (row.state, row.words, row.ended_at) == ("open", "", None)
    said = "To be done after all: Credentials that may be known are rotated. One was left out"
    assert incident.timeline.latest("id").text == said


def test_it_is_laid_down_with_a_reason_alone_and_may_begin_again(incident: Incident, alice: User) -> None:
    operations.begin(incident, actor=alice)
    with pytest.raises(operations.NoReason):
        operations.end(incident, why=" ", actor=alice)
    for _ in range(2):
        operations.end(incident, why="It was our own scanner", actor=alice)
    assert not SecurityItem.objects.open().exists()
    assert rotated(incident).words == "No matter of security: It was our own scanner"
    with pytest.raises(operations.NoTrack):
        operations.reopen(rotated(incident), why="Who knows", actor=alice)
    with pytest.raises(operations.NoTrack):
        operations.lead(incident, actor=alice)
    operations.begin(incident, actor=alice)
    assert SecurityItem.objects.open().count() == 3
    assert incident.timeline.filter(text__startswith="No matter of security after all").count() == 1


def test_what_is_asked_follows_the_level_and_the_admin(alice: User) -> None:
    mild = cast.incident("A key in a log", by=alice, severity="SEV3")
    operations.begin(mild, actor=alice)
    assert [row.slug for row in mild.security_items.all()] == ["credentials-rotated", "access-closed"]
    SecurityCheck.objects.exclude(slug="access-closed").update(is_active=False)
    SecurityCheck.objects.filter(slug="access-closed").update(from_rank=2)
    at = {label: cast.incident("Another", by=alice, severity=label) for label in ("SEV2", "SEV3")}
    for incident in at.values():
        operations.begin(incident, actor=alice)
    assert [at[label].security_items.count() for label in ("SEV2", "SEV3")] == [1, 0]
    assert mild.security_items.open().count() == 2


def test_the_track_is_led_beside_command(incident: Incident, alice: User, bob: User, carol: User) -> None:
    operations.begin(incident, actor=alice)
    for person in (bob, bob, carol):
        operations.lead(incident, actor=person)
    assert SecurityTrack.objects.get().lead == carol
    assert lifecycle.commander(incident) == alice
    texts = [row.text for row in incident.timeline.filter(text__contains="leads the security track")]
    assert sorted(texts) == [
        "Bob Example leads the security track",
        "Carol Example leads the security track, before: Bob Example",
    ]


def test_on_screen_it_is_begun_led_and_answered_and_nothing_typed_is_lost(
    client: Client, incident: Incident, alice: User, settings: Settings
) -> None:
    client.force_login(alice)
    path = f"/incidents/{incident}/security/"
    assert f'href="{path}"' in client.get(f"/incidents/{incident}/").content.decode()
    before = client.get(path).content.decode()
    assert "Start the security track" in before
    assert "Credentials that may be known are rotated" in before
    assert "security-panel" not in client.get(f"/incidents/{incident}/-/security/").content.decode()
    client.post(path)
    client.post(f"{path}lead/")
    row = rotated(incident)
    page = client.get(path).content.decode()
    assert "Alice Example leads the security track." in page
    assert "Everybody here can read this." in page
    assert f"{path}{row.pk}/done/" in page
    answer = client.post(f"{path}{row.pk}/done/", {"words": ""})
    assert answer.status_code == 422
    assert "Nothing is ticked away without words" in answer.content.decode()
    assert "Keeps it open" in client.get(f"/incidents/{incident}/-/security/").content.decode()
    client.post(f"{path}{row.pk}/done/", {"words": "All keys of the bucket"})
    again = client.post(f"{path}{row.pk}/need-not/", {"words": "Never mind"})
    assert again.status_code == 422
    assert "You wrote: Never mind" in again.content.decode()
    resolve = client.get(f"/incidents/{incident}/edit/resolve/").content.decode()
    assert "It cannot be resolved yet." in resolve
    assert f'<a class="link" href="{path}">Show them</a>' in resolve
    client.post(f"{path}{row.pk}/reopen/", {"words": "One is left"})
    assert rotated(incident).state == "open"
    client.post(f"{path}end/", {"words": "It was our own scanner"})
    assert "It was our own scanner" in client.get(path).content.decode()


def test_who_only_reads_changes_nothing_and_strangers_find_nothing(
    client: Client, incident: Incident, alice: User
) -> None:
    vera = cast.vera()
    operations.begin(incident, actor=alice)
    hidden = cast.incident("Stolen keys", by=alice, private=True)
    operations.begin(hidden, actor=alice)
    client.force_login(vera)
    row = rotated(incident)
    path = f"/incidents/{incident}/security/"
    assert client.get(path).status_code == 200
    for there in ("", "lead/", "end/", f"{row.pk}/done/", f"{row.pk}/need-not/", f"{row.pk}/reopen/"):
        assert client.post(path + there, {"words": "x"}).status_code == 403
        assert client.post(f"/incidents/{hidden}/security/{there}", {"words": "x"}).status_code in {403, 404}
    assert client.get(f"/incidents/{hidden}/security/").status_code == 404
    of_hidden = rotated(hidden).pk
    client.force_login(alice)
    assert client.post(f"{path}{of_hidden}/done/", {"words": "x"}).status_code == 404
    program = cast.caller(cast.mallory())
    assert program.get(f"{API}/{hidden}/security/").status_code == 404
    done = program.post(f"{API}/{hidden}/security/{of_hidden}/done/", {"words": "x"}, format="json")
    assert done.status_code == 404
    assert rotated(hidden).state == "open"


def test_programs_begin_it_with_the_scope_that_pages_and_answer_it(incident: Incident, alice: User) -> None:
    path = f"{API}/{incident}/security/"
    program = cast.caller(alice)
    assert program.get(f"{path}track/").status_code == 404
    assert program.post(f"{path}begin/").status_code == 403
    pager = cast.caller(alice, scopes=["read", "write", "page"])
    begun = pager.post(f"{path}begin/")
    assert (begun.status_code, begun.json()["begun_by"], begun.json()["lead"]) == (200, str(alice.pk), None)
    row = program.get(path, {"state": "open"}).json()["results"][0]
    assert row["slug"] == "credentials-rotated"
    assert program.post(f"{path}{row['id']}/done/", {"words": ""}, format="json").status_code == 400
    done = program.post(f"{path}{row['id']}/done/", {"words": "All"}, format="json").json()
    assert (done["state"], done["words"], done["ended_by"]) == ("done", "All", str(alice.pk))
    refused = program.post(f"{path}{row['id']}/need-not/", {"words": "No"}, format="json")
    assert refused.status_code == 409
    assert program.post(f"{path}{row['id']}/reopen/", {"words": "x"}, format="json").json()["state"] == "open"
    assert program.post(f"{path}lead/").json()["lead"] == str(alice.pk)
    assert program.post(f"{path}end/", {"words": "Ours"}, format="json").json()["ended_because"] == "Ours"
    (first, *_) = program.get("/api/v1/security-checks/").json()["results"]
    assert (first["slug"], first["from_rank"]) == ("credentials-rotated", None)


def test_what_was_written_is_redacted_with_the_rest(incident: Incident, alice: User) -> None:
    operations.begin(incident, actor=alice)
    operations.answer(rotated(incident), words="hunter2secret is gone", actor=alice)
    privacy.redact(incident, text="hunter2secret", reason="A password", actor=alice)
    assert rotated(incident).words == "[redacted] is gone"
    assert not incident.timeline.filter(text__contains="hunter2secret").exists()


def test_the_page_asks_few_questions(
    client: Client, incident: Incident, alice: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    operations.begin(incident, actor=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/security/"
    client.get(path)
    with django_assert_max_num_queries(30):
        client.get(path)
