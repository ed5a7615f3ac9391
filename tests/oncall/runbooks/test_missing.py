"""What paged without a runbook is listed, on the screen and in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import Value
from django.db.models.functions import Now

from incidents.catalog.models import Service, ServiceLink
from incidents.runbooks import operations as runbooks
from oncall.alerts.rules import Link
from oncall.escalation import operations
from oncall.models import Alert
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
SCREEN, API = "/integrations/without-runbook/", "/api/v1/missing-runbooks/"
RUNBOOK = Link("runbook", "Runbook", "https://runbooks.example.com/disk")


@pytest.fixture
def paged(bob: User) -> list[Alert]:
    """Two alerts of one name that paged Bob without a runbook, and one that paged him with one."""
    policy = cast.policy((60, [bob]))
    named: dict[str, Any] = {"labels": {"alertname": "DiskFull"}}
    service = cast.service("Payments API")
    found = [
        cast.alert("Disk is full on a", of=service, **named),
        cast.alert("Disk is full on b", of=service, **named),
        cast.alert("Errors", of=service, links=[RUNBOOK]),
    ]
    for alert in found:
        cast.escalation(alert, policy)
    cast.alert("Never paged", of=service)
    operations.advance_due()
    return found


def test_it_is_listed_by_source_and_name_with_the_latest(
    client: Client, bob: User, paged: list[Alert]
) -> None:
    (line,) = cast.caller(bob).get(API).json()
    source = paged[1].integration
    assert source is not None
    assert (line["integration"], line["integration_name"]) == (str(source.pk), source.name)
    assert (line["name"], line["service"], line["alerts"]) == ("DiskFull", "payments-api", 2)
    assert line["alert"] == str(paged[1].pk)
    cast.sign_in(client, bob)
    page = client.get(SCREEN).content.decode()
    assert f'<a class="fw-6" href="/alerts/{paged[1].pk}/">DiskFull</a>' in page
    assert "2 alerts" in page
    assert f'href="{SCREEN}"' in client.get("/integrations/").content.decode()


def test_a_runbook_of_the_service_is_one(bob: User, paged: list[Alert]) -> None:
    service = Service.objects.get()
    ServiceLink.objects.create(service=service, kind="dashboard", label="Board", url="https://a.example.com")
    assert len(cast.caller(bob).get(API).json()) == 1
    ServiceLink.objects.create(service=service, kind="runbook", label="How", url=RUNBOOK.url)
    assert cast.caller(bob).get(API).json() == []


def test_what_was_long_ago_or_a_test_is_not_listed(client: Client, bob: User, paged: list[Alert]) -> None:
    Alert.objects.filter(pk=paged[0].pk).update(is_test=True)
    Alert.objects.filter(pk=paged[1].pk).update(first_at=Now() - Value(timedelta(days=31)))
    assert cast.caller(bob).get(API).json() == []
    assert "Every page had a runbook" in cast.sign_in(client, bob).get(SCREEN).content.decode()


def test_an_alert_of_a_private_incident_is_its_members_alone(bob: User, paged: list[Alert]) -> None:
    hidden = cast.incident("Leak", private=True, by=bob)
    Alert.objects.filter(pk__in=[alert.pk for alert in paged]).update(incident=hidden)
    assert cast.caller(cast.mallory()).get(API).json() == []


def test_a_long_list_costs_as_much_as_a_short_one(
    client: Client, bob: User, paged: list[Alert], django_assert_max_num_queries: object
) -> None:
    cast.sign_in(client, bob).get(SCREEN)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get(SCREEN)


def test_who_is_not_signed_in_reads_nothing(client: Client, paged: list[Alert]) -> None:
    assert client.get(SCREEN).status_code == 302
    assert client.get(API).status_code in (401, 403)


@pytest.mark.parametrize("way", ["service", "name"])
def test_a_runbook_that_is_written_here_is_one(bob: User, paged: list[Alert], way: str) -> None:
    given: dict[str, Any] = (
        {"services": [Service.objects.get()]} if way == "service" else {"alerts": [{"alertname": "DiskFull"}]}
    )
    runbooks.add(name="Disk", text="## Steps\n1. Look", team=cast.team(), actor=bob, **given)
    assert cast.caller(bob).get(API).json() == []
