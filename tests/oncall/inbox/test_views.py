from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from core.events.models import Event
from incidents.models import Incident
from oncall.escalation import queries
from oncall.models import Alert
from tests import cast
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
ACTIONS = ["acknowledge", "unacknowledge", "resolve", "escalate", "snooze", "declare", "attach", "judge"]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def firing() -> Alert:
    cast.severity()
    return cast.alert(of=cast.service())


def test_acknowledging_says_that_nobody_else_is_woken() -> None:
    alert = firing()
    answer = signed_in(cast.bob()).post(reverse("oncall:acknowledge-alert", args=[alert.pk]), follow=True)
    assert answer.status_code == 200
    assert "Nobody else will be woken" in answer.content.decode()
    assert Alert.objects.get().status == "acknowledged"


def test_whoever_comes_second_learns_who_has_it() -> None:
    alert = firing()
    signed_in(cast.bob()).post(reverse("oncall:acknowledge-alert", args=[alert.pk]))
    answer = signed_in(cast.carol()).post(reverse("oncall:acknowledge-alert", args=[alert.pk]), follow=True)
    assert "Bob Example has it already" in answer.content.decode()


def test_declaring_leads_to_the_room() -> None:
    alert = firing()
    answer = signed_in(cast.bob()).post(reverse("oncall:declare-alert", args=[alert.pk]))
    incident = Incident.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("incidents:room", args=[incident.number]),
    )


def test_snoozing_takes_one_of_the_offered_spans() -> None:
    alert, client = firing(), signed_in(cast.bob())
    address = reverse("oncall:snooze-alert", args=[alert.pk])
    assert client.post(address, {"span": "5"}).status_code == 422
    assert Alert.objects.get().snoozed_until is None
    before = queries.now()
    assert client.post(address, {"span": "3600"}).status_code == 302
    until = Alert.objects.get().snoozed_until
    assert until is not None
    assert timedelta(hours=1) <= until - before < timedelta(hours=1, seconds=30)


def test_snoozing_until_the_morning_is_by_the_clock_of_whoever_presses_it() -> None:
    alert, bob = firing(), cast.person("Tariq", team=cast.team(), zone="Asia/Tokyo")
    signed_in(bob).post(reverse("oncall:snooze-alert", args=[alert.pk]), {"span": "morning"})
    until = Alert.objects.get().snoozed_until
    assert until is not None
    local = until.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (local.hour, local.minute, local.weekday() < 5) == (9, 0, True)


def test_the_page_says_who_is_asked_when_a_snooze_ends() -> None:
    bob, alert = cast.bob(), firing()
    cast.escalation(alert, cast.policy((300, [cast.always(bob)]), (300, [cast.carol()])))
    client, address = signed_in(bob), reverse("oncall:alert", args=[alert.pk])
    page = client.get(address).content.decode()
    assert page.count("then Bob Example, from the first level") == 3
    client.post(reverse("oncall:snooze-alert", args=[alert.pk]), {"span": "900"})
    page = client.get(address).content.decode()
    assert "<b>Bob Example</b> is asked first" in page
    assert "Ask the next level now" in page


def test_an_alert_that_ended_offers_no_snooze() -> None:
    alert, client = firing(), signed_in(cast.bob())
    client.post(reverse("oncall:resolve-alert", args=[alert.pk]))
    assert "Snooze" not in client.get(reverse("oncall:alert", args=[alert.pk])).content.decode()


def over() -> Alert:
    alert = firing()
    cast.escalation(alert, cast.policy((300, [cast.carol()])))
    drain()
    signed_in(cast.alice()).post(reverse("oncall:resolve-alert", args=[alert.pk]))
    return alert


def test_an_alert_that_is_over_asks_once_whether_it_was_worth_waking_somebody() -> None:
    alert, bob = over(), cast.bob()
    client, address = signed_in(bob), reverse("oncall:alert", args=[alert.pk])
    page = client.get(address).content.decode()
    assert "Worth waking somebody?" in page
    assert "One press" in page
    answer = client.post(
        reverse("oncall:judge-alert", args=[alert.pk]), {"verdict": "false_alarm"}, follow=True
    ).content.decode()
    assert "Noted: false alarm." in answer
    assert "<b>False alarm</b>, said Bob Example" in answer
    assert "One press" not in answer
    judged = Alert.objects.get()
    assert (judged.verdict, judged.judged_by, judged.judged_at is None) == ("false_alarm", bob, False)
    assert Event.objects.get(name="alert.judged").payload == {
        "alert_id": alert.pk,
        "service_id": alert.service_id,
        "verdict": "false_alarm",
    }
    assert "False alarm" in client.get(reverse("oncall:alerts"), {"show": "closed"}).content.decode()
    again = firing()
    page = client.get(reverse("oncall:alert", args=[again.pk])).content.decode()
    assert "fired 1 time in 30 days, 1 of them in vain" in page


def test_an_alert_that_is_open_or_woke_nobody_is_not_judged_on_its_page() -> None:
    alert, client = firing(), signed_in(cast.bob())
    address = reverse("oncall:alert", args=[alert.pk])
    assert "Worth waking" not in client.get(address).content.decode()
    client.post(reverse("oncall:judge-alert", args=[alert.pk]), {"verdict": "false_alarm"})
    assert Alert.objects.get().verdict == ""
    client.post(reverse("oncall:resolve-alert", args=[alert.pk]))
    assert "Worth waking" not in client.get(address).content.decode()
    assert client.post(reverse("oncall:judge-alert", args=[alert.pk]), {"verdict": "x"}).status_code == 422


@pytest.mark.parametrize("action", ACTIONS)
def test_a_get_changes_nothing(action: str) -> None:
    alert = firing()
    assert signed_in(cast.bob()).get(reverse(f"oncall:{action}-alert", args=[alert.pk])).status_code == 405


@pytest.mark.parametrize("action", ACTIONS)
def test_a_viewer_is_refused_and_leaves_no_trace(action: str) -> None:
    alert = firing()
    before = Event.objects.count()
    answer = signed_in(cast.vera()).post(reverse(f"oncall:{action}-alert", args=[alert.pk]), {"span": "900"})
    assert answer.status_code == 403
    assert (Event.objects.count(), Alert.objects.get().status) == (before, "triggered")


@pytest.mark.parametrize("name", ["alert", "alert-region", *(f"{action}-alert" for action in ACTIONS)])
def test_an_alert_of_a_private_incident_does_not_exist_for_others(name: str) -> None:
    from oncall.inbox import operations  # noqa: PLC0415

    alice = cast.alice()
    alert = firing()
    operations.attach(alert, incident=cast.incident(by=alice, private=True), actor=alice)
    client = signed_in(cast.mallory())
    address = reverse(f"oncall:{name}", args=[alert.pk])
    answer = client.post(address) if name.endswith("-alert") else client.get(address)
    assert answer.status_code == 404


@pytest.mark.parametrize("show", ["needs", "open", "snoozed", "closed", "nonsense"])
def test_every_tab_opens_with_and_without_alerts(show: str) -> None:
    client = signed_in(cast.bob())
    assert client.get(reverse("oncall:alerts"), {"show": show}).status_code == 200
    firing()
    assert client.get(reverse("oncall:alerts"), {"show": show, "q": "<script>"}).status_code == 200
    assert client.get(reverse("oncall:alerts"), {"page": "x"}).status_code == 400


def test_what_an_alert_says_is_text_and_never_markup() -> None:
    cast.alert("<img src=x onerror=alert(1)>", description="<script>alert(2)</script>", of=cast.service())
    client, alert = signed_in(cast.bob()), Alert.objects.get()
    page = client.get(reverse("oncall:alert", args=[alert.pk])).content.decode()
    assert "<img src=x" not in page
    assert "<script>alert" not in page
