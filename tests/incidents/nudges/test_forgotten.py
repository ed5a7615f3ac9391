from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.lifecycle import operations as lifecycle
from incidents.nudges import queries
from incidents.nudges.models import Nudge
from tests import cast
from tests.incidents.nudges.test_operations import pass_minutes, quiet, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db


def stable(alice: User, *, minutes: float = 31, **given: Any) -> Incident:
    """An incident of hers that was mitigated so long ago."""
    incident = lifecycle.move(cast.incident(by=alice, **given), to="monitoring", actor=alice)
    quiet("stable", "forgotten")
    pass_minutes(incident, minutes)
    return incident


def test_a_day_without_a_sign_of_anybody_asks_whether_it_goes_on() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    quiet("forgotten")
    pass_minutes(incident, 1439)
    assert said(incident) == []
    pass_minutes(incident, 2)
    assert said(incident) == [("forgotten", "open")]
    lifecycle.add_entry(incident, kind="note", text="We wait for the vendor", actor=alice)
    pass_minutes(incident, 1439)
    assert said(incident) == [("forgotten", "settled")]


def test_stable_is_as_long_as_its_severity_says() -> None:
    alice = cast.alice()
    level = cast.severity("SEV2")
    level.stable_seconds = 3600
    level.save()
    incident = stable(alice)
    assert said(incident, "stable") == []
    pass_minutes(incident, 30)
    assert said(incident, "stable") == [("stable", "open")]


def test_by_monitoring_it_is_stable_only_while_it_is_monitored() -> None:
    alice = cast.alice()
    level = cast.severity("SEV2")
    level.stable_since = "monitoring"
    level.save()
    incident = stable(alice)
    assert said(incident, "stable") == [("stable", "open")]


def test_what_may_be_over_is_listed_once_worst_first_and_not_in_drills() -> None:
    alice = cast.alice()
    two = stable(alice, title="Search is stale")
    one = stable(alice, title="Cards fail", severity="SEV1")
    stable(alice, title="A drill", drill=True)
    pass_minutes(one, 1440)
    assert [row.incident for row in queries.perhaps_forgotten(alice)] == [one, two]
    assert [row.kind for row in queries.perhaps_forgotten(alice)][1] == "stable"


def test_one_press_says_that_it_goes_on(client: Client) -> None:
    alice = cast.alice()
    incident = stable(alice)
    client.force_login(alice)
    for path in ("/incidents/forgotten/", "/incidents/-/forgotten/", f"/incidents/{incident}/"):
        page = client.get(path).content.decode()
        assert f"/incidents/{incident}/edit/resolve/" in page
        assert "It goes on" in page
    assert f"{incident} may be over" in client.get("/").content.decode()
    nudge = Nudge.objects.get(incident=incident, kind="stable")
    assert client.post(f"/incidents/{incident}/nudges/{nudge.pk}/goes-on/").status_code == 302
    nudge.refresh_from_db()
    assert (nudge.state, nudge.answer) == ("answered", "It goes on.")
    assert client.get("/incidents/-/forgotten/").content.decode().strip() == ""
    assert "Nothing is forgotten" in client.get("/incidents/forgotten/").content.decode()


def test_outsiders_neither_see_nor_answer(client: Client) -> None:
    alice = cast.alice()
    incident = stable(alice, private=True)
    nudge = Nudge.objects.get(incident=incident, kind="stable")
    client.force_login(cast.mallory())
    assert str(incident) not in client.get("/incidents/forgotten/").content.decode()
    assert client.post(f"/incidents/{incident}/nudges/{nudge.pk}/goes-on/").status_code == 404
    client.force_login(cast.vera())
    assert client.post(f"/incidents/{incident}/nudges/{nudge.pk}/goes-on/").status_code == 403
    nudge.refresh_from_db()
    assert nudge.state == "open"


def test_a_program_lists_them() -> None:
    alice = cast.alice()
    incident = stable(alice)
    cast.incident("Fresh", by=alice)
    client = cast.caller(alice)
    found = client.get("/api/v1/incidents/?forgotten=true").json()["results"]
    assert [row["number"] for row in found] == [str(incident)]
    others = client.get("/api/v1/incidents/?forgotten=false").json()["results"]
    assert [row["title"] for row in others] == ["Fresh"]


def test_the_list_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    for n in range(6):
        stable(alice, title=f"Incident {n}")
    client.force_login(alice)
    client.get("/incidents/-/forgotten/")
    with django_assert_max_num_queries(4):
        assert client.get("/incidents/-/forgotten/").content.decode().count("<li") == 6
