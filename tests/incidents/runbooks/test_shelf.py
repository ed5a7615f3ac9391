"""Runbooks are written, kept in versions, imported, and go stale."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from core.events.models import Event
from incidents.runbooks import operations, queries
from incidents.runbooks.models import Runbook, RunbookVersion
from tests import cast
from tests.incidents.runbooks.test_rules import LATENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def written(by: User, **facts: Any) -> Runbook:
    """A runbook of the payments team."""
    return operations.add(
        **{"name": "API latency", "text": LATENCY, "team": cast.team(), "actor": by, **facts}
    )


def age(days: int) -> None:
    """Let every runbook be so many days older than it is."""
    span = timedelta(days=days)
    Runbook.objects.update(
        created_at=F("created_at") - span, tested_at=F("tested_at") - span, checked_at=F("checked_at") - span
    )


def form(**given: Any) -> dict[str, Any]:
    return {"name": "API latency", "team": cast.team().pk, "text": LATENCY, "alerts": "HighLatency", **given}


def test_a_member_of_the_team_writes_one_and_everybody_reads_it(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    client.force_login(alice)
    assert "## Trigger" in client.get(f"/runbooks/-/new/?service={service.pk}").content.decode()
    answer = client.post("/runbooks/-/new/", form(services=[service.pk], severity=cast.severity("SEV3").pk))
    assert (answer.status_code, answer["Location"]) == (302, "/runbooks/api-latency/")
    row = Runbook.objects.get()
    assert (row.version, row.steps, row.automated_steps, row.alerts) == (
        1,
        8,
        1,
        [{"alertname": "HighLatency"}],
    )
    assert Event.objects.get(name="runbook.changed").payload["what"] == "added"
    client.force_login(cast.vera())
    page = client.get("/runbooks/api-latency/").content.decode()
    for words in (
        "API latency", "SEV3", "Payments API", "HighLatency", "Fresh", "never", "p99 above 2 s", "Option A: Clear the cache",
        'data-copy="redis-cli ping"', "PONG", "Automated", "If not resolved within 15 minutes",
    ):  # fmt: skip
        assert words in page
    assert "Edit" not in page
    assert client.get("/runbooks/api-latency/edit/").status_code == 403
    assert "API latency" in client.get(f"/services/{service.slug}/-/runbooks/").content.decode()
    index = client.get("/runbooks/").content.decode()
    assert "8 steps, 1 automated" in index
    assert "1 of 8 steps are automated (12%)" in index


def test_who_is_of_another_team_writes_nothing(client: Client) -> None:
    row = written(cast.alice())
    client.force_login(cast.mallory())
    assert client.get("/runbooks/api-latency/edit/").status_code == 403
    assert client.post("/runbooks/api-latency/edit/", form(text="x")).status_code == 403
    assert client.post("/runbooks/api-latency/retire/").status_code == 403
    assert client.post("/runbooks/api-latency/versions/1/restore/").status_code == 403
    assert "Select a valid choice" in client.post("/runbooks/-/new/", form(name="Mine")).content.decode()
    row.refresh_from_db()
    assert (row.text, row.is_active, Runbook.objects.count()) == (LATENCY, True, 1)
    assert client.post("/runbooks/api-latency/confirm/", {"how": "checked"}).status_code == 302


def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(client: Client) -> None:
    written(alice := cast.alice())
    client.force_login(alice)
    answer = client.post("/runbooks/-/new/", form(name="", text="Kept words"))
    assert answer.status_code == 422
    assert "Give it a name." in answer.content.decode()
    assert "Kept words" in answer.content.decode()
    twice = client.post("/runbooks/-/new/", form())
    assert twice.status_code == 422
    assert "There is a runbook “API latency” already." in twice.content.decode()
    assert "Give it a name with letters" in client.post("/runbooks/-/new/", form(name="!!!")).content.decode()


def test_raw_html_stays_text(client: Client) -> None:
    alice = cast.alice()
    written(alice, text="## Steps\n1. <script>alert(1)</script> [x](javascript:alert(1))\n   `<img src=x>`")
    page = cast.sign_in(client, alice).get("/runbooks/api-latency/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert 'data-copy="&lt;img src=x&gt;"' in page


def test_versions_are_kept_compared_and_restored(client: Client) -> None:
    alice = cast.alice()
    row = written(alice)
    client.force_login(alice)
    changed = form(text=LATENCY.replace("PONG", "pong!"), alerts="", version=1, note="It says pong")
    assert client.post("/runbooks/api-latency/edit/", changed).status_code == 302
    assert client.post("/runbooks/api-latency/edit/", {**changed, "version": 2}).status_code == 302
    assert RunbookVersion.objects.count() == 2, "what changes nothing is no version"
    page = client.get("/runbooks/api-latency/versions/").content.decode()
    assert "It says pong. Alice Example" in page
    compared = client.get("/runbooks/api-latency/versions/2/").content.decode()
    assert (
        '<div class="diff-line is-gone"><span class="diff-sign">-</span><span>   Expect: PONG</span></div>'
        in compared
    )
    assert (
        '<div class="diff-line is-new"><span class="diff-sign">+</span><span>   Expect: pong!</span></div>'
        in compared
    )
    assert "They say the same" in client.get("/runbooks/api-latency/versions/2/?with=2").content.decode()
    assert client.get("/runbooks/api-latency/versions/9/").status_code == 404
    assert client.post("/runbooks/api-latency/versions/1/restore/").status_code == 302
    row.refresh_from_db()
    assert (row.version, row.text.strip()) == (3, LATENCY.strip())
    assert RunbookVersion.objects.first().note == "Version 1 again"  # type: ignore[union-attr]


def test_two_who_write_at_once_lose_nothing(client: Client) -> None:
    alice = cast.alice()
    row = written(alice)
    operations.change(row, changes={"text": "Theirs"}, actor=alice)
    client.force_login(alice)
    answer = client.post("/runbooks/api-latency/edit/", form(text="Mine", version=1))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody changed this runbook while you were writing." in page
    assert "Mine" in page
    assert Runbook.objects.get().text == "Theirs"
    assert client.post("/runbooks/api-latency/edit/", form(text="Mine", version=2)).status_code == 302
    assert Runbook.objects.get().text == "Mine"


def test_it_leaves_as_a_file_and_comes_in_again(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    row = written(alice, services=[service], alerts=[{"alertname": "HighLatency"}], owner=alice)
    client.force_login(alice)
    export = client.get("/runbooks/api-latency/export/")
    assert export["Content-Type"] == "text/markdown; charset=utf-8"
    assert export["Content-Disposition"] == 'attachment; filename="api-latency.md"'
    document = export.content.decode()
    assert (
        "- Services: payments-api\n- Alerts: HighLatency\n- Team: payments\n- Owner: alice@example.com"
        in document
    )
    operations.change(row, changes={"text": "Gone", "services": [], "owner": None}, actor=alice)
    file = SimpleUploadedFile("runbook.md", document.encode())
    assert client.post("/runbooks/-/import/", {"file": file}).status_code == 302
    row = Runbook.objects.get()
    assert (row.text, row.owner, [*row.services.all()], row.version) == (LATENCY.strip(), alice, [service], 3)
    for given, words in (
        ({"document": ""}, "Choose a file"),
        ({"document": "no name"}, "It has no name"),
        (
            {"document": f"# {'x' * 121}\n- Team: payments\n\nDo"},
            "Its name has 121 characters: the most is 120.",
        ),
        (
            {"document": "# X\n- Services: nothing\n\nDo"},
            "There is no service “nothing”. Nothing was imported.",
        ),
        ({"file": SimpleUploadedFile("x.md", b"\xff\xfe\x00")}, "not a text in UTF-8"),
    ):
        answer = client.post("/runbooks/-/import/", given)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    new = client.post(
        "/runbooks/-/import/", {"document": "# New one\n- Last tested: 2026-01-02\n\n## Steps\n1. Go"}
    )
    assert new["Location"] == "/runbooks/new-one/"
    tested = Runbook.objects.get(slug="new-one").tested_at
    assert tested is not None
    assert tested.date().isoformat() == "2026-01-02"


def test_a_renamed_one_comes_in_by_its_new_name_and_no_two_have_one(client: Client) -> None:
    alice = cast.alice()
    row = written(alice, name="Checkout is slow")
    operations.change(row, changes={"name": "Payments are slow"}, actor=alice)
    again = operations.bring_in("# payments are Slow\n\n## Steps\n1. Go", actor=alice)
    assert (again.pk, again.version) == (row.pk, 3)
    operations.change(again, changes={"name": "Payments are slow"}, actor=alice)
    other = operations.bring_in("# Checkout is slow\n- Team: payments\n\n## Steps\n1. Wait", actor=alice)
    assert (other.slug, other.version) == ("checkout-is-slow-2", 1)
    row.refresh_from_db()
    assert (row.slug, row.name, row.text) == ("checkout-is-slow", "Payments are slow", "## Steps\n1. Go")
    with pytest.raises(operations.Known):
        operations.change(other, changes={"name": " Payments ARE slow "}, actor=alice)
    with pytest.raises(operations.Known):
        operations.restore(row, number=1, actor=alice)
    with pytest.raises(operations.Known):
        written(alice, name="checkout is slow")
    client.force_login(alice)
    answer = client.post(
        "/runbooks/checkout-is-slow-2/edit/", form(name="Payments are slow", text="Mine", version=1)
    )
    page = answer.content.decode()
    assert (answer.status_code, "There is a runbook “Payments are slow” already." in page) == (422, True)
    assert "Mine" in page
    assert [*Runbook.objects.order_by("pk").values_list("name", flat=True)] == [
        "Payments are slow",
        "Checkout is slow",
    ]


def test_what_nobody_tests_or_checks_goes_stale_and_its_owner_sees_it(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    row = written(alice, owner=bob)
    written(alice, name="Of the team")
    age(89)
    assert not queries.mine_stale(bob).exists()
    age(2)
    assert [each.name for each in queries.mine_stale(bob)] == ["API latency", "Of the team"]
    assert [each.name for each in queries.mine_stale(alice)] == ["Of the team"]
    client.force_login(bob)
    assert "2 of yours are stale." in client.get("/runbooks/?show=mine").content.decode()
    assert "API latency" in client.get("/runbooks/?show=stale").content.decode()
    assert (
        "Nobody has tested or checked it for 90 days."
        in client.get("/runbooks/api-latency/").content.decode()
    )
    client.post("/runbooks/api-latency/confirm/", {"how": "checked"})
    row.refresh_from_db()
    assert (row.checked_by, row.tested_at) == (bob, None)
    assert "API latency" not in client.get("/runbooks/?show=stale").content.decode()
    age(91)
    client.post("/runbooks/api-latency/confirm/", {"how": "tested"})
    row.refresh_from_db()
    assert row.tested_by == bob
    assert not queries.is_stale(row)


def test_a_retired_one_is_offered_no_more_and_comes_back(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    written(alice, services=[service])
    client.force_login(alice)
    assert "runbook" not in client.get("/services/?q=payments").content.decode().partition("<table")[2]
    client.post("/runbooks/api-latency/retire/", {"back": "0"})
    assert queries.for_services(alice, [service.pk]) == {}
    assert "API latency" not in client.get("/runbooks/").content.decode()
    assert "API latency" in client.get("/runbooks/?show=retired").content.decode()
    client.post("/runbooks/api-latency/retire/", {"back": "1"})
    assert [row.name for row in queries.for_services(alice, [service.pk])[service.pk]] == ["API latency"]


def test_a_program_writes_reads_compares_and_restores() -> None:
    alice, service = cast.alice(), cast.service()
    client = cast.caller(alice)
    body = {
        "name": "API latency",
        "text": LATENCY,
        "team": "payments",
        "services": ["payments-api"],
        "alerts": [{"alertname": "HighLatency"}],
        "severity": cast.severity("SEV3").slug,
    }
    made = client.post("/api/v1/runbooks/", body, format="json")
    assert made.status_code == 201
    found = made.json()
    assert (found["slug"], found["services"], found["is_stale"], found["lacking"]) == (
        *("api-latency", ["payments-api"], False, []),
    )
    assert next(option["success"] for option in found["options"]) == "p99 below 500 ms"
    assert found["escalation"] == {
        "after_seconds": 900,
        "severity": "SEV-2",
        "pages": [{"type": "schedule", "ref": "database"}, {"type": "schedule", "ref": "infrastructure"}],
        "updates_status_page": True,
    }
    assert found["steps"][1]["commands"] == ["redis-cli ping"]
    path = "/api/v1/runbooks/api-latency/"
    etag = client.get(path)["ETag"]
    changed = client.patch(path, {"text": "## Steps\n1. Go"}, format="json", headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert client.patch(path, {"text": "x"}, format="json", headers={"If-Match": etag}).status_code == 412
    assert [row["number"] for row in client.get(f"{path}versions/").json()["results"]] == [2, 1]
    assert client.get(f"{path}versions/1/").json()["document"].startswith("# API latency")
    assert client.post(f"{path}restore/", {"version": 1}, format="json").json()["version"] == 3
    document = client.get(f"{path}export/").content.decode()
    again = client.post("/api/v1/runbooks/import/", {"document": document}, format="json")
    assert (again.status_code, again.json()["version"]) == (201, 3)
    assert client.post(f"{path}confirm/", {"how": "tested"}, format="json").json()["tested_at"] is not None
    service_runbooks = client.get(f"/api/v1/services/{service.slug}/").json()["runbooks"]
    assert [row["label"] for row in service_runbooks] == ["API latency"]
    assert client.get("/api/v1/runbooks/?stale=true").json()["results"] == []
    outsider = cast.caller(cast.mallory())
    assert outsider.patch(path, {"text": "x"}, format="json").status_code == 403
    assert outsider.post("/api/v1/runbooks/", {**body, "name": "Y"}, format="json").status_code == 403
    assert client.post(f"{path}retire/").json()["is_active"] is False
    assert client.post(f"{path}return/").json()["is_active"] is True


def test_a_long_list_costs_as_much_as_a_short_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    for number in range(12):
        written(alice, name=f"Runbook {number}", services=[cast.service(f"Service {number}")])
    client.force_login(alice)
    client.get("/runbooks/")
    with django_assert_max_num_queries(9):
        client.get("/runbooks/")
    program = cast.caller(alice)
    program.get("/api/v1/runbooks/")
    with django_assert_max_num_queries(6):
        program.get("/api/v1/runbooks/")
