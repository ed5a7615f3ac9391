from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind, TimelineEntry
from incidents.updates import registry
from incidents.updates.models import Update, UpdateTemplate
from tests import cast
from tests.incidents.updates.test_operations import Outlet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

pytestmark = pytest.mark.django_db
REGIONS = ["", "-/head/", "-/picture/", "-/timeline/", "-/older/"]


@pytest.fixture
def outlet() -> Iterator[None]:
    before = registry.public_outlet()
    registry.set_public_outlet(Outlet())
    yield
    registry._outlets[:] = [before] if before else []


def text(client: Client, path: str, user: User) -> str:
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def many(incident: Incident, count: int) -> None:
    at = timezone.now()
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=incident,
            kind=EntryKind.NOTE,
            text=f"Note {n:04}.",
            actor=incident.declared_by,
            at=at - timedelta(seconds=count - n),
        )
        for n in range(count)
    )


def test_the_room_tells_the_story_at_a_glance(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(
        by=alice, severity="SEV1", services=[cast.service()], impact="3 in 10 cards fail"
    )
    operations.set_picture(incident, hypothesis="Pool exhausted", next_decision="03:30 fail over", actor=bob)
    page = text(client, f"/incidents/{incident}/", alice)
    for words in (
        "Checkout fails for some cards",
        "SEV1 Critical",
        "Payments API",
        "3 in 10 cards fail",
        "Pool exhausted",
        "03:30 fail over",
        "Hand over",
        "Incident declared as SEV1",
        "every 15 min at SEV1",
    ):
        assert words in page, words
    assert re.search(rf'data-live-topics="[^"]*\bincident-{incident.pk}\b', page)
    assert page.count("Nobody yet") == 3


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("who", ["mallory", "ada"])
def test_a_private_room_is_absent_for_everybody_else(client: Client, region: str, who: str) -> None:
    incident = cast.incident("Payroll data was copied", private=True)
    client.force_login(getattr(cast, who)())
    answer = client.get(f"/incidents/{incident}/{region}")
    assert answer.status_code == 404
    assert b"Payroll" not in answer.content
    absent = client.get(f"/incidents/INC-999/{region}")
    assert absent.status_code == 404


@pytest.mark.parametrize("region", REGIONS)
def test_a_room_is_shown_to_whoever_reads(client: Client, region: str) -> None:
    incident = cast.incident()
    page = text(client, f"/incidents/{incident}/{region}", cast.vera())
    assert 'method="post"' not in page.split("<main")[-1].split("</main>")[0]


def test_addresses_understand_the_number_alone(client: Client) -> None:
    incident = cast.incident()
    assert incident.title in text(client, f"/incidents/{incident.number}/", cast.bob())
    assert client.get("/incidents/INC-0/").status_code == 404


def test_a_thousand_entries_cost_as_much_as_ten(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, services=[cast.service()])
    many(incident, 1000)
    client.force_login(alice)
    client.get(f"/incidents/{incident}/")
    with django_assert_max_num_queries(16):
        page = client.get(f"/incidents/{incident}/").content.decode()
    assert page.count('<li id="entry-') == 50


def test_the_timeline_is_read_fifty_by_fifty_to_its_end(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    many(incident, 118)
    seen: list[str] = []
    path = f"/incidents/{incident}/-/older/"
    page = text(client, f"/incidents/{incident}/", alice)
    for _ in range(9):
        seen += [part.split('"')[0] for part in page.split('<li id="entry-')[1:]]
        if "after=" not in page.split('id="more-rows"')[1]:
            break
        after = page.split('id="more-rows"')[1].split("after=")[1].split('"')[0].split("#")[0]
        page = text(client, f"{path}?show=all&after={after}", alice)
    order = incident.timeline.order_by("-at", "-id").values_list("pk", flat=True)
    assert [int(pk) for pk in seen] == list(order)
    assert len(seen) == 120


def test_the_living_timeline_keeps_what_the_page_shows(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    many(incident, 80)
    page = text(client, f"/incidents/{incident}/", alice)
    edge = page.split("&amp;to=")[1].split('"')[0]
    operations.add_entry(incident, kind="note", text="The newest of all", actor=alice)
    region = text(client, f"/incidents/{incident}/-/timeline/?show=all&to={edge}", alice)
    assert region.count('<li id="entry-') == 51
    assert f'id="entry-{edge}"' in region
    assert "The newest of all" in region


@pytest.mark.parametrize(
    ("show", "texts"),
    [
        ("decisions", ["Roll back now"]),
        ("public", ["Cards fail."]),
        ("key", ["Cards fail.", "Roll back now", "Incident declared as SEV2"]),
    ],
)
def test_the_timeline_is_filtered(client: Client, show: str, texts: list[str]) -> None:
    from incidents.updates import operations as updates  # noqa: PLC0415

    alice = cast.alice()
    incident = cast.incident(by=alice)
    operations.add_entry(incident, kind="decision", text="Roll back now", actor=alice)
    operations.add_entry(incident, kind="note", text="Only a note", actor=alice)
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice)
    region = text(client, f"/incidents/{incident}/-/timeline/?show={show}", alice)
    assert [words for words in texts if words not in region] == []
    assert "Only a note" not in region
    assert region.count('<li id="entry-') == len(texts)


@pytest.mark.parametrize("cursor", ["x", "99999999", "-1", "1" * 30, "%00"])
def test_a_cursor_that_is_none_shows_the_newest(client: Client, cursor: str) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    assert "Incident declared" in text(client, f"/incidents/{incident}/-/timeline/?to={cursor}", alice)
    assert "Incident declared" in text(client, f"/incidents/{incident}/?after={cursor}", alice)


def test_what_alerts_and_people_wrote_is_escaped(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident("<script>x</script>", by=alice, impact="<img src=x>")
    operations.add_entry(incident, kind="note", text="<b>bold</b>", actor=alice)
    page = text(client, f"/incidents/{incident}/", alice)
    for raw in ("<script>x", "<img src=x", "<b>bold"):
        assert raw not in page


# Writing


def test_a_note_is_written(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/notes/"
    assert client.get(path).status_code == 405
    answer = client.post(path, {"kind": "decision", "text": "Roll back now", "at": ""})
    assert (answer.status_code, answer["Location"]) == (302, f"/incidents/{incident}/")
    entry = incident.timeline.latest("id")
    assert (entry.kind, entry.text, entry.actor) == ("decision", "Roll back now", alice)


def test_a_note_without_words_keeps_the_form(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    answer = client.post(f"/incidents/{incident}/notes/", {"kind": "action", "text": " "})
    assert answer.status_code == 422
    assert "Write what happened." in answer.content.decode() or "needs attention" in answer.content.decode()
    assert '<option value="action" selected>' in answer.content.decode()
    assert incident.timeline.count() == 2


def test_an_internal_update_is_published(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    page = text(client, f"/incidents/{incident}/?write=internal", alice)
    assert "Publish, nobody is told" in page
    path = f"/incidents/{incident}/updates/"
    assert client.get(path).status_code == 405
    form = {
        "audience": "internal",
        "text": "Rollback runs",
        "status": "mitigating",
        "next_update_in_seconds": "900",
        "key": str(uuid4()),
    }
    for _ in range(2):
        assert client.post(path, form).status_code == 302
    update = Update.objects.get()
    assert (update.audience, update.text, update.next_update_in_seconds) == ("internal", "Rollback runs", 900)
    incident.refresh_from_db()
    assert incident.status == "mitigating"


def test_an_empty_internal_update_keeps_the_form(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    form = {"audience": "internal", "text": "", "status": "identified", "next_update_in_seconds": "600"}
    answer = client.post(f"/incidents/{incident}/updates/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<option value="identified" selected>' in page
    assert '<option value="600" selected>' in page
    assert not Update.objects.exists()


def test_no_news_is_one_press(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/updates/no-news/"
    assert client.get(path).status_code == 405
    assert client.post(path).status_code == 302
    assert Update.objects.get().text == "Still investigating, no new information. Next update in 30 minutes."


@pytest.mark.usefixtures("outlet")
def test_a_public_update_is_looked_at_before_it_goes_out(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    composer = text(client, f"/incidents/{incident}/?write=public", alice)
    assert "Preview as customers see it" in composer
    assert "Card payments" in composer
    form = {
        "audience": "public",
        "text": "Database pool is full, Alice is on it.",
        "status": "identified",
        "next_update_in_seconds": "900",
        "public_title": "Card payments fail",
        "part-c1": "partial_outage",
        "key": str(uuid4()),
    }
    answer = client.post(f"/incidents/{incident}/updates/preview/", form)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not Update.objects.exists()
    for words in (
        "Begins with the system",
        "Names Alice.",
        "moves INC-",
        "Publish on 1 status page",
        "Alder Pay",
        "Card payments fail",
    ):
        assert words in page, words
    assert client.post(f"/incidents/{incident}/updates/", form).status_code == 302
    update = Update.objects.get()
    assert (update.components, update.public_title) == ({"c1": "partial_outage"}, "Card payments fail")


@pytest.mark.usefixtures("outlet")
def test_an_empty_public_update_goes_back_to_its_preview(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    form = {"audience": "public", "text": "", "status": "identified", "next_update_in_seconds": ""}
    for path in ("updates/preview/", "updates/"):
        answer = client.post(f"/incidents/{incident}/{path}", form)
        assert answer.status_code == 422
        assert "Not published yet" in answer.content.decode()
    assert client.get(f"/incidents/{incident}/updates/preview/").status_code == 405
    assert not Update.objects.exists()


@pytest.mark.parametrize("kind", ["private", "drill"])
def test_a_private_incident_and_a_drill_have_no_public_composer(client: Client, kind: str) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, private=kind == "private", drill=kind == "drill")
    assert "?write=public" not in text(client, f"/incidents/{incident}/", alice)
    form = {"audience": "public", "text": "x", "status": "identified", "next_update_in_seconds": ""}
    answer = client.post(f"/incidents/{incident}/updates/", form)
    assert answer.status_code == 422
    assert "customers are not told of it" in answer.content.decode()
    assert not Update.objects.exists()


def test_a_template_begins_the_text(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, impact="3 in 10 cards fail")
    template = UpdateTemplate.objects.get(name="We are looking into it")
    page = text(client, f"/incidents/{incident}/?write=public&template={template.pk}", alice)
    assert "3 in 10 cards fail. We are investigating and will write again by" in page
    assert "What people experience, what still works" in page
    assert text(client, f"/incidents/{incident}/?write=public&template=999", alice)


def test_a_hypothesis_is_judged_in_place(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    operations.set_picture(incident, hypothesis="Card network", actor=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/hypothesis/"
    assert client.get(path).status_code == 405
    client.post(path, {"verdict": "nonsense"})
    incident.refresh_from_db()
    assert incident.hypothesis == "Card network"
    client.post(path, {"verdict": "ruled_out"})
    incident.refresh_from_db()
    assert incident.hypothesis == ""


def test_taking_part_and_leaving(client: Client) -> None:
    bob, incident = cast.bob(), cast.incident()
    client.force_login(bob)
    for verb in ("join", "leave"):
        assert client.get(f"/incidents/{incident}/{verb}/").status_code == 405
    client.post(f"/incidents/{incident}/join/")
    assert bob in [part.user for part in incident.participants.all()]
    client.post(f"/incidents/{incident}/leave/")
    assert bob not in [part.user for part in incident.participants.all()]


def test_a_role_is_given_back(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/roles/commander/release/"
    assert client.get(path).status_code == 405
    client.post(path)
    assert not incident.roles.filter(ended_at=None).exists()
    assert client.post(f"/incidents/{incident}/roles/nonsense/release/").status_code == 409


WRITES = {
    "notes/": {"kind": "note", "text": "x"},
    "updates/": {"audience": "internal", "text": "x", "status": "identified"},
    "updates/preview/": {"audience": "public", "text": "x", "status": "identified"},
    "updates/no-news/": {},
    "hypothesis/": {"verdict": "confirmed"},
    "join/": {},
    "leave/": {},
    "roles/commander/release/": {},
}


@pytest.mark.parametrize("path", WRITES)
def test_outsiders_write_nothing(client: Client, path: str) -> None:
    incident = cast.incident(private=True, hypothesis="") if path != "x" else cast.incident()
    before = (incident.timeline.count(), incident.participants.count(), incident.version)
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        assert client.post(f"/incidents/{incident}/{path}", WRITES[path]).status_code == status
    client.logout()
    assert client.post(f"/incidents/{incident}/{path}", WRITES[path]).status_code == 302
    incident.refresh_from_db()
    assert (incident.timeline.count(), incident.participants.count(), incident.version) == before
    assert not Update.objects.exists()
