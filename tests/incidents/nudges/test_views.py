from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.lifecycle import operations as lifecycle
from incidents.nudges.models import Nudge
from tests import cast
from tests.incidents.nudges.test_operations import pass_minutes

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_room_says_what_is_missing_and_what_to_press(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, severity="SEV1")
    pass_minutes(incident, 31)
    client.force_login(alice)
    for path in (f"/incidents/{incident}/", f"/incidents/{incident}/-/nudges/"):
        page = client.get(path).content.decode()
        assert "No progress" in page
        assert "Nobody speaks to customers" in page
        assert f'href="/incidents/{incident}/edit/page/"' in page
        assert "?role=communications" in page
    client.force_login(cast.vera())
    assert "answer/" not in client.get(f"/incidents/{incident}/").content.decode()


def test_an_answer_takes_it_away(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    pass_minutes(incident, 31)
    nudge = Nudge.objects.get(incident=incident, kind="no_progress")
    client.force_login(alice)
    path = f"/incidents/{incident}/nudges/{nudge.pk}/answer/"
    assert client.post(path, {"text": ""}).status_code == 302
    nudge.refresh_from_db()
    assert nudge.state == "open"
    client.post(path, {"text": "The vendor is on the phone"})
    page = client.get(f"/incidents/{incident}/-/nudges/").content.decode()
    assert f"nudge-{nudge.pk}" not in page


def test_a_break_is_noted(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    assert client.post(f"/incidents/{incident}/break/").status_code == 302
    assert incident.timeline.latest("id").text == "Alice Example takes a break"


def test_outsiders_answer_nothing(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, private=True)
    pass_minutes(incident, 31)
    nudge = Nudge.objects.get(incident=incident, kind="no_progress")
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        for path in (f"nudges/{nudge.pk}/answer/", "break/"):
            assert client.post(f"/incidents/{incident}/{path}", {"text": "x"}).status_code == status
        assert client.get(f"/incidents/{incident}/-/nudges/").status_code == 404


def test_a_program_reads_and_answers() -> None:
    alice = cast.alice()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    pass_minutes(incident, 31)
    path = f"/api/v1/incidents/{incident}/nudges/"
    rows = client.get(f"{path}?kind=no_progress").json()["results"]
    assert [(row["state"], row["title"]) for row in rows] == [("open", "No progress")]
    done = client.post(f"{path}{rows[0]['id']}/answer/", {"text": "We wait"}, format="json").json()
    assert (done["state"], done["answer"], done["ended_by"]) == ("answered", "We wait", str(alice.pk))
    again = client.post(f"{path}{rows[0]['id']}/answer/", {"text": "We wait"}, format="json")
    assert again.status_code == 409
    assert cast.caller(cast.mallory()).get(path).status_code == 200
    lifecycle.set_private(incident, private=True, actor=alice)
    assert client.get("/api/v1/nudge-rules/").json()["results"][0]["kind"] == "forgotten"
    outsider = cast.caller(cast.person("Nina", team=cast.team("Elsewhere")))
    assert outsider.get(path).status_code == 404
