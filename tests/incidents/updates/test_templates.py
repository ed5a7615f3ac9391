"""Approved wording: checked when it is written, filled when it is needed, offered where it fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from core.events.models import Event
from incidents.audiences import operations as audiences
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from incidents.updates import operations
from incidents.updates.models import UpdateTemplate
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
TEXT = {
    "name": "To executives",
    "audience": "internal",
    "text": "{impact} Costs are unknown. Next: {next_update}",
    "position": "1",
}


@pytest.fixture(autouse=True)
def shipped() -> None:
    cast.severity()


def test_a_manager_keeps_wording_and_sees_how_it_reads(client: Client) -> None:
    client.force_login(cast.mona())
    executives = AudienceList.objects.get(slug="executives")
    form = {**TEXT, "for_list": str(executives.pk)}
    assert client.post("/audiences/templates/new/", form).status_code == 302
    assert client.post("/audiences/templates/new/", form).status_code == 422  # the name is taken
    row = UpdateTemplate.objects.get(name="To executives")
    page = client.get("/audiences/templates/").content.decode()
    assert "About 3 in 10 card payments fail Costs are unknown. Next: 14:30 UTC" in page
    path = f"/audiences/templates/{row.pk}/"
    assert 'name="version" value="1"' in client.get(path).content.decode()
    assert client.post(path, {**form, "text": "Back soon", "version": "1"}).status_code == 302
    assert "Promises without a time" in client.get(path).content.decode()
    late = client.post(path, {**form, "text": "Mine", "version": "1"})
    assert late.status_code == 422
    assert "Somebody changed this template" in late.content.decode()
    assert client.post(f"{path}remove/").status_code == 302
    assert client.get(path).status_code == 404
    said = Event.objects.filter(name="update_template.changed").values_list("payload__what", flat=True)
    assert list(said) == ["added", "changed", "removed"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"audience": "public", "text": "{title} fails"}, "Not filled for this audience: title"),
        ({"text": "{nonsense}"}, "Not filled for this audience: nonsense"),
        ({"for_list": "customers"}, "does not read such updates"),
    ],
)
def test_wording_that_would_leak_or_stay_empty_is_refused(
    client: Client, given: dict[str, str], words: str
) -> None:
    client.force_login(cast.mona())
    if "for_list" in given:
        given = {"for_list": str(AudienceList.objects.get(slug=given["for_list"]).pk)}
    answer = client.post("/audiences/templates/new/", {**TEXT, **given})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not UpdateTemplate.objects.filter(name="To executives").exists()


@pytest.mark.parametrize("path", ["new/", "1/", "1/remove/"])
def test_who_does_not_configure_reads_wording_alone(client: Client, path: str) -> None:
    client.force_login(cast.bob())
    before = UpdateTemplate.objects.count()
    assert client.post(f"/audiences/templates/{path}", TEXT).status_code == 403
    assert UpdateTemplate.objects.count() == before
    assert "New template" not in client.get("/audiences/templates/").content.decode()


def test_wording_for_one_list_tells_that_list_and_facts_are_escaped(client: Client) -> None:
    alice = cast.alice()
    executives = AudienceList.objects.get(slug="executives")
    audiences.put_on(executives, who=Who(email="board@example.org"), actor=None)
    row = operations.add_template(
        name="To executives", audience="internal", text="{impact}", for_list=executives, actor=None
    )
    incident = cast.incident(by=alice, impact="<img src=x>", severity="SEV3")
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/?write=internal&template={row.pk}").content.decode()
    assert "Tell Executives: 1 person</button>" in page
    assert "&lt;img src=x&gt;</textarea>" in page
    assert "<img src=x" not in page


def test_hints_come_while_writing_and_hold_nothing_up(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    form = {
        "audience": "internal",
        "layout": "impact",
        "say-impact": "The database is slow, back soon",
        "status": "investigating",
    }
    page = client.post(f"/incidents/{incident}/-/hints/", form).content.decode()
    assert len(re.findall("<p ", page)) == 2
    assert "Begins with the system" in page
    assert client.post(f"/incidents/{incident}/updates/", form).status_code == 302


def test_the_api_keeps_wording_and_checks_a_text() -> None:
    client = cast.caller(cast.mona())
    path = "/api/v1/update-templates/"
    body = {
        "name": "To executives",
        "audience": "internal",
        "audience_list": "executives",
        "severity": "sev1",
        "text": "{impact}",
    }
    made = client.post(path, body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["example"] == "About 3 in 10 card payments fail"
    one = f"{path}{made.json()['id']}/"
    assert client.patch(one, {"text": "{oops}"}, format="json").status_code == 409
    assert client.patch(one, {"hint": "Money first"}, format="json").json()["version"] == 2
    assert cast.caller(cast.bob()).patch(one, {"hint": "x"}, format="json").status_code == 403
    checked = client.post(
        f"{path}check/", {"audience": "public", "text": "Human error took the pods down."}, format="json"
    )
    assert len(checked.json()["hints"]) == 3
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
