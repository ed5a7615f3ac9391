"""What the tier of a service means for an incident that nobody gave a level (R201, R205)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.catalog import operations as catalog
from incidents.lifecycle import operations
from incidents.models import Incident, Severity, TierRule
from incidents.severities import queries
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
MILD = {"q1": "no", "q2": "no", "q3": "no", "q4": "no"}


def ask_for(tier: int, word: str) -> None:
    TierRule.objects.filter(tier=tier).update(at_least=cast.severity(word))


def test_a_new_install_asks_for_something_at_the_highest_tier_only() -> None:
    rows = [(row.tier, row.coverage, str(row.at_least or "")) for row in TierRule.objects.all()]
    assert rows == [(1, "always", "SEV3 Minor"), (2, "always", ""), (3, "business_hours", "")]


def test_the_worst_tier_decides_and_one_that_is_being_replaced_does_not() -> None:
    ask_for(1, "SEV1")
    ask_for(2, "SEV2")
    api, search = cast.service("Payments API", tier=1), cast.service("Search", tier=2)
    assert queries.floor([api, search]) == cast.severity("SEV1")
    catalog.change_service(api, changes={"is_being_replaced": True})
    assert queries.floor([api, search]) == cast.severity("SEV2")
    assert queries.floor([cast.service("Wiki", tier=3)]) is None


def test_a_level_that_is_retired_raises_nothing() -> None:
    ask_for(1, "SEV1")
    Severity.objects.filter(slug="sev1").update(is_active=False)
    assert queries.floor([cast.service()]) is None


def test_without_a_choice_an_incident_is_at_least_as_bad_as_the_tier_asks_for() -> None:
    ask_for(1, "SEV1")
    bob = cast.bob()
    incident = operations.declare(title="Down", actor=bob, services=[cast.service()])
    assert incident.severity == cast.severity("SEV1")
    picked = operations.declare(
        title="Odd", actor=bob, services=[cast.service()], severity=cast.severity("SEV4")
    )
    assert picked.severity == cast.severity("SEV4")
    assert operations.declare(title="What", actor=bob).severity == cast.severity("SEV2")


def test_mild_answers_are_raised_and_the_screen_says_so(client: Client) -> None:
    service = cast.service()
    client.force_login(cast.bob())
    path = "/incidents/declare/-/consequences/"
    alone = client.post(path, {"title": "Typo", **MILD}).content.decode()
    assert "As answered: SEV4" in alone
    with_it = client.post(path, {"title": "Typo", "services": [service.pk], **MILD}).content.decode()
    assert "Raised by the tier: SEV3" in with_it
    assert "At the tier of the services an incident is at least SEV3 Minor." in with_it
    client.post("/incidents/declare/", {"title": "Typo", "services": [service.pk], **MILD})
    assert Incident.objects.get().severity == cast.severity("SEV3")


def test_a_milder_level_that_is_picked_holds_and_is_pointed_out(client: Client) -> None:
    service = cast.service()
    client.force_login(cast.bob())
    form = {"title": "Typo", "services": [service.pk], "severity": "sev4"}
    page = client.post("/incidents/declare/-/consequences/", form).content.decode()
    assert "You picked SEV4. At the tier of the services it would be at least <b>SEV3 Minor</b>" in page
    client.post("/incidents/declare/", form)
    assert Incident.objects.get().severity == cast.severity("SEV4")


def test_programs_are_told_what_the_tier_asks_for() -> None:
    cast.service()
    caller = cast.caller(cast.bob())
    body = {"services": ["payments-api"], "answers": {"1": False, "2": False, "3": False, "4": False}}
    said = caller.post("/api/v1/incidents/outlook/", body, format="json").json()
    assert (said["severity"], said["at_least"], said["is_raised"]) == ("sev3", "sev3", True)
    said = caller.post("/api/v1/incidents/outlook/", body | {"services": []}, format="json").json()
    assert (said["severity"], said["at_least"], said["is_raised"]) == ("sev4", None, False)


def test_an_admin_changes_what_a_tier_means_and_makes_no_other(client: Client) -> None:
    cast.sign_in(client, cast.ada())
    page = client.get("/admin/incidents/tierrule/").content.decode()
    assert "Tier 1, critical" in page
    assert client.get("/admin/incidents/tierrule/add/").status_code == 403
    rule = TierRule.objects.get(tier=2)
    answer = client.post(
        f"/admin/incidents/tierrule/{rule.pk}/change/",
        {"coverage": "best_effort", "at_least": cast.severity("SEV2").pk},
    )
    assert answer.status_code == 302
    rule.refresh_from_db()
    assert (rule.coverage, rule.at_least) == ("best_effort", cast.severity("SEV2"))


def test_a_service_being_replaced_and_its_links_are_written_by_the_api() -> None:
    cast.service()
    caller = cast.caller(cast.mona())
    links = [
        {"kind": kind, "label": kind, "url": f"https://x.example.com/{kind}"} for kind in ("logs", "traces")
    ]
    body = {"is_being_replaced": True, "links": links}
    found = caller.patch("/api/v1/services/payments-api/", body, format="json").json()
    assert (found["is_being_replaced"], found["links"]) == (True, links)
    rows = caller.get("/api/v1/services/?is_being_replaced=true").json()["results"]
    assert [row["slug"] for row in rows] == ["payments-api"]
