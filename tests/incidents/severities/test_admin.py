from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from incidents.catalog.models import Service
from incidents.severities import queries
from incidents.severities.models import Question, Severity
from incidents.updates.models import UpdateTemplate
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
BASE = "/admin/incidents"


@pytest.fixture
def admin(client: Client) -> Client:
    return cast.sign_in(client, cast.ada())


@pytest.mark.parametrize("model", ["severity", "question", "roledefinition", "updatetemplate", "service"])
def test_everything_that_is_configured_has_its_admin(admin: Client, model: str) -> None:
    cast.service()
    assert admin.get(f"{BASE}/{model}/").status_code == 200
    assert admin.get(f"{BASE}/{model}/add/").status_code == 200
    rows = {
        "severity": Severity,
        "question": Question,
        "updatetemplate": UpdateTemplate,
        "service": Service,
    }
    if model in rows:
        first = rows[model]._default_manager.first()
        assert first is not None
        assert admin.get(f"{BASE}/{model}/{first.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", ["incident", "timelineentry", "update", "participant"])
def test_incidents_have_no_admin(admin: Client, model: str) -> None:
    assert admin.get(f"{BASE}/{model}/").status_code == 404


@pytest.mark.parametrize("who", ["alice", "mona", "vera"])
def test_nobody_else_configures(client: Client, who: str) -> None:
    cast.sign_in(client, getattr(cast, who)())
    level = cast.severity("SEV1")
    answer = client.post(f"{BASE}/severity/{level.pk}/change/", {"name": "Mine"})
    assert answer.status_code in {302, 403, 404}
    level.refresh_from_db()
    assert level.name == "Critical"


def fields(**more: str) -> dict[str, str]:
    return {
        "slug": "sev5",
        "label": "SEV5",
        "name": "Trifle",
        "aliases": " P4 , P4",
        "definition": "Nothing to see.",
        "response": "",
        "example": "",
        "audiences": "",
        "update_every_seconds": "",
        "respond_within_seconds": "",
        "stable_seconds": "1800",
        "stable_since": "mitigated",
        "separation": "free",
        "two_incidents": "flagged",
        "required_roles": "commander",
        "paging": "none",
        "affected_percent": "",
        "is_active": "on",
        **more,
    }


def test_a_level_is_added_at_the_mild_end_and_moved(admin: Client) -> None:
    assert admin.post(f"{BASE}/severity/add/", fields()).status_code == 302
    level = Severity.objects.get(slug="sev5")
    assert (level.rank, level.aliases) == (5, ["P4"])
    page = admin.get(f"{BASE}/severity/").content.decode()
    assert "5 levels in use" in page
    admin.post(f"{BASE}/severity/", {"action": "make_worse", "_selected_action": [level.pk]})
    assert [row.label for row in queries.levels()] == ["SEV1", "SEV2", "SEV3", "SEV5", "SEV4"]
    admin.post(f"{BASE}/severity/", {"action": "make_milder", "_selected_action": [level.pk]})
    assert [row.label for row in queries.levels()] == ["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]


def test_a_scale_of_four_warns_nobody(admin: Client) -> None:
    assert "levels in use" not in admin.get(f"{BASE}/severity/").content.decode()


def test_a_level_is_deleted_only_while_no_incident_had_it(admin: Client) -> None:
    cast.incident(severity="SEV2")
    for label in ("SEV2", "SEV1"):
        admin.post(f"{BASE}/severity/{cast.severity(label).pk}/delete/", {"post": "yes"})
    assert [(row.rank, row.label) for row in queries.levels()] == [(1, "SEV2"), (2, "SEV3"), (3, "SEV4")]


def test_questions_lead_forward_and_to_one_place(admin: Client) -> None:
    level = cast.severity("SEV1")
    wrong = {"position": "9", "text": "x?", "if_yes": level.pk, "then_if_yes": "10", "then_if_no": "3"}
    page = admin.post(f"{BASE}/question/add/", wrong).content.decode()
    assert "not to both" in page
    assert "Questions lead forward." in page
    right = {"position": "9", "text": "x?", "if_yes": level.pk, "then_if_no": "10"}
    assert admin.post(f"{BASE}/question/add/", right).status_code == 302


def test_a_public_template_takes_nothing_internal(admin: Client) -> None:
    form = {
        "name": "Leak",
        "audience": "public",
        "status": "",
        "text": "{hypothesis} {oops}",
        "position": "1",
    }
    page = admin.post(f"{BASE}/updatetemplate/add/", form).content.decode()
    assert "Not filled for this audience: hypothesis, oops" in page
    assert not UpdateTemplate.objects.filter(name="Leak").exists()
    assert admin.post(f"{BASE}/updatetemplate/add/", {**form, "text": "{impact}"}).status_code == 302


def test_the_command_shows_the_scale_and_changes_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("severities")
    assert "1  SEV1 Critical (also P0, critical): updates every 15 min" in capsys.readouterr().out
    call_command("severities", preset="p4")
    assert [level.label for level in queries.levels()] == ["P1", "P2", "P3", "P4"]
    assert "4  P4 Low" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Known: p4, sev0, sev4"):
        call_command("severities", preset="p9")
