"""What the room, the postmortem and the API say of how an incident was run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from incidents.lifecycle import operations
from incidents.lifecycle.models import Incident, RoleAssignment
from incidents.lookback import queries
from postmortems.reports import operations as postmortems
from tests import cast

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
SAID = "For 40 min nobody commanded."


@pytest.fixture
def unled() -> Incident:
    """Nobody commanded the first 40 minutes of an hour, and it was called resolved twice."""
    alice = cast.alice()
    incident = cast.incident(severity="SEV1", by=alice)
    begun = timezone.now() - timedelta(hours=1)
    Incident.objects.filter(pk=incident.pk).update(declared_at=begun)
    RoleAssignment.objects.filter(incident=incident).update(started_at=begun + timedelta(minutes=40))
    incident.refresh_from_db()
    operations.resolve(incident, actor=alice)
    operations.reopen(incident, reason="It is back", actor=alice)
    return operations.resolve(incident, actor=alice)


def texts(incident: Incident) -> list[str]:
    return [each.text for each in queries.remarks(incident)]


def test_it_is_said_in_sentences(unled: Incident) -> None:
    assert texts(unled) == [SAID, "It was called resolved 2 times."]


def test_it_takes_three_queries(unled: Incident, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        queries.remarks(unled)


def test_nothing_is_said_while_it_is_open_nor_of_a_false_alarm(unled: Incident) -> None:
    bob = cast.bob()
    operations.reopen(unled, reason="Once more", actor=bob)
    assert texts(Incident.objects.get(pk=unled.pk)) == []
    over = operations.close(unled, outcome="false_alarm", reason="A test", actor=bob)
    assert texts(over) == []


def test_the_room_and_the_postmortem_say_it(unled: Incident, client: Client) -> None:
    bob = cast.sign_in(client, cast.bob())
    report = postmortems.open_draft(unled.pk, actor=cast.carol())
    for address in (
        f"/incidents/{unled}/",
        f"/postmortems/{report.incident}/",
        f"/postmortems/{report.incident}/edit/",
    ):
        assert SAID in bob.get(address).content.decode(), address


def test_the_api_gives_it_with_its_numbers(unled: Incident) -> None:
    answer = cast.caller(cast.bob()).get(f"/api/v1/incidents/{unled}/lookback/")
    assert answer.json()[0] == {
        "kind": "nobody_commanded",
        "text": SAID,
        "count": 0,
        "name": "",
        "seconds": 2400,
        "then_seconds": None,
    }


def test_who_may_not_know_of_it_reads_nothing(unled: Incident) -> None:
    Incident.objects.filter(pk=unled.pk).update(private=True)
    assert cast.caller(cast.mallory()).get(f"/api/v1/incidents/{unled}/lookback/").status_code == 404
