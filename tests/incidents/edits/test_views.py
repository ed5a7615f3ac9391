from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from core.events.models import Event
from incidents.edits.views import EDITS
from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind, Incident
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db
OVER = {"reopen", "close"}


def given(what: str, incident: Incident) -> dict[str, Any]:
    """A form for each edit that changes something."""
    bob = cast.bob()
    service = cast.service("Search")
    version = {"version": incident.version}
    forms: dict[str, dict[str, Any]] = {
        "status": {"status": "mitigating", "reason": "Rolled back"},
        "resolve": {"reason": "Rolled back", "despite": "Watched for a while"},
        "reopen": {"reason": "Errors are back"},
        "close": {"reason": ""},
        "false-alarm": {"reason": "The probe was wrong"},
        "accept-risk": {"risk": "Refunds wait", "monitoring": "A report at 9", "decided_by": bob.pk},
        "severity": {"severity": "sev1", "reason": "No workaround"},
        "rhythm": {"seconds": "600"},
        "estimate": {"restored_at": local(ago(-60)), "why": "The restore runs", **version},
        "roles": {"role_slug": "scribe", "user": bob.pk},
        "hand-over": {"user": bob.pk, "briefing": "Watch p99"},
        "take-over": {"reason": "Carol does not answer"},
        "page": {"target": f"user:{bob.pk}", "message": "Need you"},
        "task": {"title": "Roll back payments-api", "assignee": bob.pk, "due_in": "300"},
        "checklist": {"checklist": cast.checklist().pk},
        "invite": {"user": bob.pk},
        "services": {"services": [service.pk]},
        "facts": {"title": "Checkout fails for 30%", "summary": "Cards", **version},
        "times": {"declared_at": local(incident.declared_at), "started_at": local(ago(30)), **version},
        "make-private": {"sure": "on"},
        "make-visible": {"sure": "on"},
        "impact": {"text": "3 in 10 cards fail", **version},
        "hypothesis": {"text": "Pool exhausted", **version},
        "next-decision": {"text": "03:30 fail over", **version},
    }
    return forms[what]


def ago(minutes: float) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


def local(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def ready(what: str, **more: Any) -> Incident:
    alice = cast.alice()
    incident = cast.incident(by=alice, private=what == "make-visible", **more)
    if what in OVER:
        incident = operations.resolve(incident, actor=alice)
    if what == "take-over":
        operations.assign_role(incident, role_slug="commander", user=cast.carol(), actor=alice)
    return incident


@pytest.mark.parametrize("what", EDITS)
def test_each_change_has_its_own_page_and_dialog(client: Client, what: str) -> None:
    incident = ready(what)
    assert incident.declared_by
    client.force_login(incident.declared_by)
    page = client.get(f"/incidents/{incident}/edit/{what}/")
    assert page.status_code == 200
    assert EDITS[what].button in page.content.decode()
    dialog = client.get(f"/incidents/{incident}/-/edit/{what}/").content.decode()
    assert dialog.startswith("<dialog")
    assert f'action="/incidents/{incident}/edit/{what}/"' in dialog
    assert client.post(f"/incidents/{incident}/-/edit/{what}/").status_code == 405


@pytest.mark.parametrize("what", EDITS)
def test_each_change_is_made(client: Client, what: str) -> None:
    incident = ready(what)
    before = incident.timeline.count()
    form = given(what, incident)
    assert incident.declared_by
    client.force_login(incident.declared_by)
    answer = client.post(f"/incidents/{incident}/edit/{what}/", form)
    assert (answer.status_code, answer.get("Location")) == (302, f"/incidents/{incident}/"), (
        answer.content.decode()
    )
    assert incident.timeline.count() > before


@pytest.mark.parametrize("what", EDITS)
def test_outsiders_change_nothing(client: Client, what: str) -> None:
    incident = ready(what)
    operations.set_private(incident, private=True, actor=cast.ada())
    before = (incident.timeline.count(), Event.objects.count())
    form = given(what, incident)
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        for path in (f"edit/{what}/", f"-/edit/{what}/"):
            assert client.get(f"/incidents/{incident}/{path}").status_code == status
        assert client.post(f"/incidents/{incident}/edit/{what}/", form).status_code == status
    client.logout()
    assert client.post(f"/incidents/{incident}/edit/{what}/", form).status_code == 302
    assert (incident.timeline.count(), Event.objects.count()) == before


@pytest.mark.parametrize(
    ("what", "form", "words"),
    [
        ("severity", {"severity": "sev1", "reason": ""}, "Say why, for those who come later."),
        ("status", {"status": "closed"}, "Select a valid choice"),
        ("hand-over", {"user": "", "briefing": "x"}, "This field is required"),
        ("page", {"target": "user:0"}, "Select a valid choice"),
        ("facts", {"title": "", "version": "1"}, "This field is required"),
        ("make-private", {}, "Tick the box to go on."),
        ("times", {"declared_at": "", "version": "1"}, "cannot be taken away"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    client: Client, what: str, form: dict[str, str], words: str
) -> None:
    incident = ready(what)
    before = incident.timeline.count()
    assert incident.declared_by
    client.force_login(incident.declared_by)
    answer = client.post(f"/incidents/{incident}/edit/{what}/", form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert incident.timeline.count() == before


def test_a_refusal_of_the_state_keeps_the_form(client: Client) -> None:
    alice = cast.alice()
    incident = operations.resolve(cast.incident(by=alice), actor=alice)
    client.force_login(alice)
    form = {"severity": "sev1", "reason": "No workaround"}
    answer = client.post(f"/incidents/{incident}/edit/severity/", form)
    assert answer.status_code == 422
    assert f"{incident} is resolved. Reopen it first." in answer.content.decode()
    assert "No workaround" in answer.content.decode()


def test_who_was_faster_is_not_overwritten(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    client.force_login(bob)
    page = client.get(f"/incidents/{incident}/edit/impact/").content.decode()
    version = page.split('name="version" value="')[1].split('"')[0]
    operations.set_picture(incident, impact="3 in 10 cards", actor=alice)
    answer = client.post(f"/incidents/{incident}/edit/impact/", {"text": "all cards", "version": version})
    assert answer.status_code == 422
    assert "Somebody changed this incident while you were writing" in answer.content.decode()
    assert "all cards" in answer.content.decode()
    incident.refresh_from_db()
    assert incident.impact == "3 in 10 cards"


def test_only_the_times_that_were_changed_are_corrected(client: Client) -> None:
    alice = cast.person("Alice", zone="Asia/Tokyo")
    incident = cast.incident(by=alice)
    client.force_login(alice)
    began = ago(30).replace(microsecond=0)
    tokyo = timezone.get_fixed_timezone(9 * 60)
    form = {
        "declared_at": local(incident.declared_at.astimezone(tokyo)),
        "detected_at": local(incident.declared_at.astimezone(tokyo)),
        "started_at": local(began.astimezone(tokyo)),
        "version": incident.version,
    }
    client.post(f"/incidents/{incident}/edit/times/", form)
    detected = incident.detected_at
    incident.refresh_from_db()
    assert (incident.started_at, incident.detected_at) == (began, detected)
    assert incident.timeline.filter(kind=EntryKind.CORRECTION).count() == 1


def test_the_briefing_is_made_from_what_the_room_knows(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, impact="3 in 10 cards fail")
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/hand-over/").content.decode()
    assert "Customers see: 3 in 10 cards fail" in page


def test_roles_say_what_they_do_and_what_not(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/roles/").content.decode()
    assert "You lead the work on the system" in page
    assert "You do not write to customers" in page
    assert "You decide and delegate" not in page  # command goes over by a hand-over
    operations.release_role(incident, role_slug="commander", user=alice, actor=alice)
    page = client.get(f"/incidents/{incident}/edit/roles/").content.decode()
    assert "You decide and delegate" in page


def test_an_unknown_change_is_absent(client: Client) -> None:
    incident = cast.incident()
    client.force_login(cast.bob())
    assert client.get(f"/incidents/{incident}/edit/nonsense/").status_code == 404


def test_a_page_of_a_form_costs_little(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    incident = cast.incident()
    for n in range(20):
        cast.person(f"Person{n}")
    client.force_login(cast.bob())
    client.get(f"/incidents/{incident}/edit/page/")
    with django_assert_max_num_queries(13):
        client.get(f"/incidents/{incident}/edit/page/")
