"""“This runbook is wrong”: kept with what is right, a task for whoever keeps it, and in the postmortem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from incidents.lifecycle import operations as lifecycle
from incidents.models import Report
from incidents.runbooks import operations
from postmortems.models import ActionItem
from postmortems.reports import operations as postmortems
from postmortems.reports import queries as documents
from postmortems.reports import rules as papers
from tests import cast
from tests.incidents.runbooks.test_runs import begun, lines
from tests.incidents.runbooks.test_shelf import written

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
WORDS = {"wrong": "There is no api-prod-01", "right": "kubectl -n api get pods"}


@pytest.fixture
def bob() -> User:
    return cast.bob()


def test_in_the_room_it_is_said_at_the_step_and_its_owner_gets_the_work(client: Client, bob: User) -> None:
    alice = cast.alice()
    runbook = written(alice, owner=bob)
    run = begun(alice)
    step = run.steps.all()[1]
    client.force_login(alice)
    page = f"/incidents/{run.incident}/runbooks/{run.pk}/"
    assert f'href="{page}wrong/?step={step.pk}"' in client.get(page).content.decode()
    address = f"{page}wrong/?step={step.pk}"
    assert "“Does Redis answer?”" in client.get(address).content.decode()
    empty = client.post(address, {"wrong": "", "right": "kept words"})
    assert empty.status_code == 422
    assert "Say what is wrong." in empty.content.decode()
    assert "kept words" in empty.content.decode()
    said = {**WORDS, "step": step.title}
    assert client.post(address, said)["Location"] == page
    assert client.post(address, said).status_code == 302
    report, item = Report.objects.get(), ActionItem.objects.get()
    assert (item.title, item.owner, item.kind) == ("Put the runbook “API latency” right", bob, "process")
    assert (item.path, report.task) == ("/runbooks/api-latency/#reports", f"/action-items/{item.pk}/")
    assert lines(run.incident)[-1] == (
        "Runbook is wrong: API latency, “Does Redis answer?”. There is no api-prod-01"
        " Right is: kubectl -n api get pods"
    )
    shown = client.get("/runbooks/api-latency/").content.decode()
    for words in ("Said to be wrong <small>1", *WORDS.values(), f'href="/action-items/{item.pk}/"'):
        assert words in shown
    assert client.post(f"/runbooks/{runbook.slug}/reports/{report.pk}/settle/").status_code == 302
    assert "Said to be wrong" not in client.get("/runbooks/api-latency/").content.decode()


def test_without_an_owner_a_manager_of_the_team_gets_it_and_outside_of_incidents_too(
    client: Client, bob: User
) -> None:
    written(bob)
    mona = cast.mona()
    client.force_login(cast.mallory())
    assert client.post("/runbooks/api-latency/wrong/", WORDS)["Location"] == "/runbooks/api-latency/"
    report = Report.objects.get()
    assert (report.incident, ActionItem.objects.get().owner) == (None, mona)
    assert client.post(f"/runbooks/api-latency/reports/{report.pk}/settle/").status_code == 409
    client.force_login(cast.vera())
    assert client.get("/runbooks/api-latency/wrong/").status_code == 403


def test_what_was_done_in_another_way_comes_back_to_the_runbook(client: Client, bob: User) -> None:
    run = begun(bob)
    operations.mark(run.steps.all()[0], state="deviated", note="Asked the pipeline", actor=bob)
    page = cast.sign_in(client, bob).get("/runbooks/api-latency/").content.decode()
    assert "As it was really done" in page
    assert "Asked the pipeline" in page


def test_the_postmortem_lists_it_and_offers_to_update_the_runbook(client: Client, bob: User) -> None:
    run = begun(bob)
    operations.report(run.runbook, **WORDS, incident=run.incident, actor=bob)
    postmortem = postmortems.open_draft(run.incident.pk, actor=bob)
    client.force_login(bob)
    page = client.get(f"/postmortems/{run.incident}/").content.decode()
    for words in ("Runbooks that were wrong", *WORDS.values(), 'href="?runbook=api-latency#actions"'):
        assert words in page
    offered = client.get(f"/postmortems/{run.incident}/?runbook=api-latency").content.decode()
    assert f"The runbook “API latency” says what {run.incident} showed" in offered
    text = papers.markdown(documents.document(documents.get(bob, postmortem.incident.number)))
    assert "| API latency | There is no api-prod-01 | kubectl -n api get pods |" in text
    bare = cast.incident("No runbook", by=bob)
    postmortems.open_draft(bare.pk, actor=bob)
    assert "No runbook was there." in client.get(f"/postmortems/{bare}/").content.decode()


def test_from_a_private_incident_its_members_alone_read_the_words(client: Client, bob: User) -> None:
    run = begun(bob)
    operations.mark(run.steps.all()[0], state="skipped", note="The secret way", actor=bob)
    lifecycle.set_private(run.incident, private=True, actor=bob)
    run.incident.refresh_from_db()
    operations.report(run.runbook, **WORDS, incident=run.incident, actor=bob)
    outsider = cast.mallory()
    browser, program = cast.sign_in(Client(), outsider), cast.caller(outsider)
    item = ActionItem.objects.get()
    for address in ("/runbooks/api-latency/", f"/action-items/{item.pk}/", "/action-items/", "/runbooks/"):
        page = browser.get(address).content.decode()
        for word in (*WORDS.values(), "The secret way", str(run.incident)):
            assert word not in page, address
    assert program.get("/api/v1/runbooks/api-latency/reports/").json()["results"] == []
    given = {**WORDS, "incident": str(run.incident)}
    assert program.post("/api/v1/runbooks/api-latency/reports/", given, format="json").status_code == 404
    assert (
        "There is no api-prod-01" in cast.sign_in(client, bob).get("/runbooks/api-latency/").content.decode()
    )


def test_a_program_reports_and_settles(bob: User) -> None:
    run = begun(bob)
    client = cast.caller(bob)
    path = "/api/v1/runbooks/api-latency/reports/"
    made = client.post(path, {**WORDS, "incident": str(run.incident)}, format="json")
    assert made.status_code == 201
    found = made.json()
    assert (found["incident"], found["wrong"]) == (str(run.incident), "There is no api-prod-01")
    assert found["task"].endswith(f"/action-items/{ActionItem.objects.get().pk}/")
    assert client.post(path, {"wrong": "x"}, format="json").status_code == 400
    assert client.post(f"{path}{found['id']}/settle/").json()["settled_at"] is not None
