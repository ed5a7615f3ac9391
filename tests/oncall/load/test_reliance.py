"""Which services rely on one person, and who may know it (R307)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from incidents.models import Incident, Service
from oncall.load.rules.reliance import Reliance, reliance
from oncall.models import Alert
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

API, SCREEN = "/api/v1/insights/reliance/", "/on-call/-/reliance/"


def test_who_handled_most_is_one_and_of_two_alike_neither() -> None:
    assert reliance([1, 1, 1, 2], [1]) == Reliance(4, 1, 2, 1, 4)
    assert reliance([1, 2], []) == Reliance(2, 0, 2, None, 0)
    assert reliance([], []) == Reliance()


@pytest.mark.parametrize(
    ("alerts", "single"),
    [([1, 1, 1, 2, 3], True), ([1, 1, 1, 1], False), ([1, 1, 1, 2, 3, 4], False), ([1] * 5, True)],
)
def test_it_takes_enough_of_enough(alerts: list[int], *, single: bool) -> None:
    assert reliance(alerts, []).is_single(percent=60, least=5) is single


def handled(user: User, count: int, *, of: Service, **given: object) -> None:
    for number in range(count):
        alert = cast.alert(f"Alert {of} {user} {number}", of=of)
        told = {"acknowledged_by": user, "acknowledged_at": timezone.now(), **given}
        Alert.objects.filter(pk=alert.pk).update(**told)


@pytest.mark.django_db
class TestWho:
    def test_a_service_that_relies_on_one_person_is_named(self, alice: User, bob: User, mona: User) -> None:
        payments, other = cast.service(), cast.service("Ledger")
        handled(alice, 4, of=payments)
        handled(bob, 1, of=payments)
        handled(bob, 3, of=other)
        cast.incident(by=alice, services=[payments])
        rows = {row["service"]: row for row in cast.caller(mona).get(API).json()}
        assert rows["payments-api"] == {
            "service": "payments-api",
            "team": "payments",
            "alerts": 5,
            "incidents": 1,
            "people": 2,
            "single": True,
            "user": str(alice.pk),
            "name": "Alice Example",
            "handled": 5,
        }
        # Three are too few to say it of anybody, and then nobody is named.
        assert (rows["ledger"]["single"], rows["ledger"]["name"], rows["ledger"]["handled"]) == (
            False,
            None,
            None,
        )
        page = cast.sign_in(Client(), mona).get(SCREEN).content.decode().partition("<main")[2]
        assert "Alice Example handled 5 of 6 (83&nbsp;%)" in page
        assert "Bob Example" not in page

    def test_only_who_configures_its_team_reads_it(self, alice: User, mona: User, ada: User) -> None:
        handled(alice, 5, of=cast.service())
        stranger = cast.person("Otto", role="manager", team=cast.team("Elsewhere"))
        for user, wanted in ((mona, 1), (ada, 1), (stranger, 0)):
            assert len(cast.caller(user).get(API).json()) == wanted
            assert ("Alice Example" in cast.sign_in(Client(), user).get(SCREEN).content.decode()) is bool(
                wanted
            )
        assert cast.caller(alice).get(API).status_code == 403
        assert cast.sign_in(Client(), alice).get(SCREEN).status_code == 403

    def test_private_incidents_of_others_and_game_days_do_not_count(self, alice: User, mona: User) -> None:
        payments = cast.service()
        handled(alice, 4, of=payments)
        leak = cast.incident("Leak", by=alice, private=True, services=[payments])
        cast.incident("Drill", by=alice, drill=True, services=[payments])
        handled(alice, 1, of=cast.service(), incident=leak)
        (row,) = cast.caller(mona).get(API).json()
        assert (row["alerts"], row["incidents"], row["single"]) == (3, 0, False)
        Incident.objects.filter(pk=leak.pk).update(private=False)
        (row,) = cast.caller(mona).get(API).json()
        assert (row["alerts"], row["incidents"], row["single"]) == (4, 1, True)

    def test_what_was_handled_before_the_period_does_not_count(self, alice: User, mona: User) -> None:
        handled(alice, 5, of=cast.service())
        (row,) = cast.caller(mona).get(f"{API}?from=2026-01-01&to=2026-01-31").json()
        assert (row["alerts"], row["single"]) == (0, False)
        assert cast.caller(mona).get(f"{API}?from=2026-02-01&to=2026-01-31").status_code == 400
        refused = cast.sign_in(Client(), mona).get(f"{SCREEN}?from=2026-02-01&to=2026-01-31")
        assert refused.status_code == 422

    def test_ten_services_take_as_many_queries_as_one(
        self, alice: User, mona: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(10):
            handled(alice, 5, of=cast.service(f"S{number}"))
        client = cast.sign_in(Client(), mona)
        with django_assert_max_num_queries(20):
            assert client.get(SCREEN).content.decode().count("Alice Example handled 5 of 5") == 10
