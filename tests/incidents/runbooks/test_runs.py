"""A runbook is used in a room: offered, ticked together, gone up where it takes too long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.events import bus
from core.events.models import Event
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident, Task
from incidents.runbooks import operations, queries
from incidents.runbooks.models import Run, Runbook
from tests import cast
from tests.incidents.runbooks.test_rules import LATENCY
from tests.incidents.runbooks.test_shelf import written

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def begun(by: User, incident: Incident | None = None, text: str = LATENCY) -> Run:
    """A runbook in use."""
    incident = incident or cast.incident(by=by)
    runbook = Runbook.objects.filter(name="API latency").first() or written(by, text=text)
    return operations.start(incident, runbook=runbook, actor=by)


def pass_limit(run: Run, minutes: float) -> None:
    """Let so many minutes pass for a run and its timer, then run what is due."""
    back = timedelta(minutes=minutes)
    Run.objects.filter(pk=run.pk).update(started_at=run.started_at - back)
    for timer in Timer.objects.filter(kind=operations.DUE, done_at=None):
        Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at - back)
    timers.run_due()
    run.refresh_from_db()


def lines(incident: Incident) -> list[str]:
    return [*incident.timeline.order_by("pk").values_list("text", flat=True)]


def test_the_room_offers_what_is_for_its_services_and_alerts(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    written(alice, services=[service])
    written(alice, name="Slow queries", alerts=[{"alertname": "Slow", "team": "api"}])
    written(alice, name="Something else", alerts=[{"alertname": "Other"}])
    incident = cast.incident(by=alice, services=[service])
    alert = cast.alert("Queries wait", labels={"alertname": "Slow", "team": "api"})
    type(alert).objects.filter(pk=alert.pk).update(incident=incident)
    client.force_login(alice)
    assert (
        f'hx-get="/incidents/{incident}/-/runbooks/"'
        in client.get(f"/incidents/{incident}/").content.decode()
    )
    panel = client.get(f"/incidents/{incident}/-/runbooks/").content.decode()
    assert "For the alert “Slow”, 8 steps" in panel
    assert "For Payments API, 8 steps" in panel
    assert "Something else" not in panel
    page = client.get(f"/incidents/{incident}/runbooks/").content.decode()
    assert "Something else" in page, "any other can be chosen"
    wrong = client.post(f"/incidents/{incident}/runbooks/start/", {"runbook": ""})
    assert wrong.status_code == 422
    assert "Choose a runbook." in wrong.content.decode()


def test_steps_are_ticked_by_whom_and_when_without_a_script(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    runbook, incident = written(alice), cast.incident(by=alice)
    client.force_login(alice)
    started = client.post(f"/incidents/{incident}/runbooks/start/", {"runbook": runbook.pk})
    run = Run.objects.get()
    assert started["Location"] == f"/incidents/{incident}/runbooks/{run.pk}/"
    first, second, third, *_ = run.steps.all()
    path = f"/incidents/{incident}/runbooks/{run.pk}/"
    done = client.post(f"{path}steps/{first.pk}/", {"state": "done"})
    assert (done.status_code, done["Location"]) == (302, f"{path}#step-{first.pk}")
    client.force_login(bob)
    refused = client.post(f"{path}steps/{second.pk}/", {"state": "deviated", "note": " "})
    assert refused.status_code == 422
    assert "Say what was done instead." in refused.content.decode()
    client.post(f"{path}steps/{second.pk}/", {"state": "deviated", "note": "Asked the replica instead"})
    client.post(f"{path}steps/{third.pk}/", {"state": "skipped", "note": "No access"})
    assert client.post(f"{path}steps/{third.pk}/", {"state": "gone"}).status_code == 422
    page = client.get(path).content.decode()
    for words in (
        'data-copy="redis-cli ping"', "<b>Done</b> by Alice Example", "Asked the replica instead",
        "<b>Left out</b> by Bob Example", "3 of 8 steps", "It worked when</span> p99 below 500 ms", "Verification <small>0 of 2",
    ):  # fmt: skip
        assert words in page
    assert lines(incident)[-4:] == [
        "Runbook begun: API latency, version 1",
        "API latency, step 1 done: Was there a deploy in the last 15 minutes?",
        "API latency, step 2 done in another way: Does Redis answer?. Asked the replica instead",
        "API latency, step 3 left out: CPU. No access",
    ]
    client.post(f"{path}steps/{third.pk}/", {"state": "open"})
    third.refresh_from_db()
    assert (third.state, third.by, third.note) == ("open", None, "")
    done = client.post(f"{path}finish/", {"result": "worked", "note": "Cache was cold"})
    assert done["Location"] == f"/incidents/{incident}/#runbooks"
    assert lines(incident)[-1] == "Runbook through: API latency. Worked, 2 of 8 steps. Cache was cold"
    panel = client.get(f"/incidents/{incident}/-/runbooks/").content.decode()
    assert "Worked, 2 of 8 steps, 1 in another way or left out" in panel
    assert client.post(f"{path}steps/{third.pk}/", {"state": "done"}).status_code == 422
    assert client.post(f"{path}finish/", {"result": ""}).status_code == 422


def test_two_who_tick_at_once_are_both_right_and_the_first_stands() -> None:
    alice, bob = cast.alice(), cast.bob()
    run = begun(alice)
    step = run.steps.all()[0]
    operations.mark(step, state="done", actor=alice)
    again = operations.mark(step, state="done", actor=bob)
    assert again.by == alice
    assert sum("step 1 done" in line for line in lines(run.incident)) == 1
    assert begun(bob, run.incident).pk == run.pk, "one in use goes on"
    assert operations.finish(run, result="worked", actor=alice).ended_by == alice
    assert operations.finish(run, result="failed", actor=bob).result == "worked"
    assert begun(bob, run.incident).pk != run.pk


def test_what_the_first_said_of_a_step_stands_and_the_second_loses_no_word(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    run = begun(alice)
    step = run.steps.all()[0]
    first = operations.mark(step, state="done", actor=alice)
    for _ in range(2):
        operations.mark(step, state="done", note="It was the cache", actor=bob)
    step.refresh_from_db()
    assert (step.by, step.at, step.note) == (alice, first.at, "Bob Example: It was the cache")
    assert sum("It was the cache" in line for line in lines(run.incident)) == 1
    client.force_login(bob)
    path = f"/incidents/{run.incident}/runbooks/{run.pk}/steps/{step.pk}/"
    stale = client.post(path, {"state": "skipped", "note": "I had no access"})
    page = stale.content.decode()
    assert stale.status_code == 422
    assert "Alice Example said already: done." in page
    assert "You wrote: I had no access" in page
    step.refresh_from_db()
    assert (step.state, step.by, step.at) == ("done", alice, first.at)
    operations.mark(step, state="deviated", note="I read the log", actor=alice)  # her own mind she changes
    operations.mark(step, state="open", actor=bob)
    assert operations.mark(step, state="skipped", note="I had no access", actor=bob).by == bob


def test_a_note_is_as_long_as_the_browser_counts_it_and_comes_back_where_it_is_longer(
    client: Client,
) -> None:
    alice = cast.alice()
    run = begun(alice)
    step = run.steps.all()[0]
    client.force_login(alice)
    path = f"/incidents/{run.incident}/runbooks/{run.pk}/steps/{step.pk}/"
    note = "\n".join(["x" * 248] * 20)
    refused = client.post(path, {"state": "deviated", "note": f"{note}{'y' * 42}"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "at most 5000 characters (it has 5021)" in page
    assert f"{'y' * 42}</textarea>" in page
    unknown = client.post(path, {"state": "gone", "note": "Not to be lost"})
    assert unknown.status_code == 422
    assert "Not to be lost</textarea>" in unknown.content.decode()
    fits = f"{note}{'y' * 11}"
    sent = fits.replace("\n", "\r\n")
    assert (len(fits), len(sent)) == (4990, 5009)
    assert client.post(path, {"state": "deviated", "note": sent}).status_code == 302
    step.refresh_from_db()
    assert step.note == fits


def test_what_was_begun_keeps_its_words_when_the_runbook_changes() -> None:
    alice = cast.alice()
    run = begun(alice)
    operations.change(
        run.runbook, changes={"text": "## Steps\n1. New\n## Escalation\nAfter 1 min"}, actor=alice
    )
    assert [group.title for group in queries.groups(run)][:2] == ["Diagnosis", "Option A: Clear the cache"]
    assert queries.way_up(run).limit == timedelta(minutes=15)
    assert run.steps.count() == 8


def test_unfinished_at_its_limit_the_level_rises_and_people_are_paged() -> None:
    alice = cast.alice()
    database = cast.always(alice)
    text = LATENCY.replace("schedule database", f"schedule {database.slug}")
    run = begun(alice, cast.incident(by=alice, severity="SEV3"), text)
    pass_limit(run, 14.9)
    assert run.escalated_at is None
    assert lines(run.incident)[-1] == "Runbook begun: API latency, version 1"
    pass_limit(run, 0.2)
    assert run.escalated_at is not None
    incident = Incident.objects.get()
    assert incident.severity.label == "SEV2"
    assert Task.objects.get(list_name="").title == "Update the status page"
    wanted = Event.objects.filter(name="incident.responder_wanted").values_list("payload", flat=True)
    assert [(fact["kind"], fact["target_id"]) for fact in wanted] == [("schedule", database.pk)]
    said = lines(incident)
    assert "Runbook limit: API latency is not through after 15 min" in said
    assert "Severity raised SEV3 to SEV2: API latency is not through after 15 min" in said
    assert f"{database.name} is paged: API latency is not through after 15 min" in said
    assert "Nobody was paged: the runbook names the schedule “infrastructure”, which there is not" in said
    before = len(said)
    operations.come_due(run.pk)
    assert len(lines(incident)) == before, "twice is once"


@pytest.mark.parametrize("end", ["through", "resolved"])
def test_what_is_over_in_time_goes_up_no_more(end: str) -> None:
    alice = cast.alice()
    run = begun(alice, cast.incident(by=alice, severity="SEV3"))
    if end == "through":
        operations.finish(run, result="worked", actor=alice)
    else:
        Incident.objects.update(status="resolved")
    pass_limit(run, 20)
    assert run.escalated_at is None
    assert Incident.objects.get().severity.label == "SEV3"


def test_a_limit_that_passed_while_it_was_over_begins_anew_once_it_is_open_again() -> None:
    alice = cast.alice()
    run = begun(alice, cast.incident(by=alice, severity="SEV3"))
    lifecycle.resolve(run.incident, actor=alice)
    pass_limit(run, 20)
    assert run.escalates_at is not None
    passed = run.escalates_at - timedelta(minutes=20)
    Run.objects.update(escalates_at=passed)
    lifecycle.reopen(run.incident, reason="It is back", actor=alice)
    while bus.deliver_due():
        pass
    run.refresh_from_db()
    due = run.escalates_at
    assert due > passed + timedelta(minutes=15)
    assert Timer.objects.get(kind=operations.DUE, done_at=None).due_at == due
    operations.begin_anew(run.incident_id)
    run.refresh_from_db()
    assert run.escalates_at == due, "twice is once"
    pass_limit(run, 14.8)
    assert run.escalated_at is None
    pass_limit(run, 0.3)
    assert run.escalated_at is not None
    assert Incident.objects.get().severity.label == "SEV2"


def test_a_limit_that_is_still_to_come_stands_when_it_is_open_again() -> None:
    alice = cast.alice()
    run = begun(alice, cast.incident(by=alice, severity="SEV3"))
    lifecycle.resolve(run.incident, actor=alice)
    lifecycle.reopen(run.incident, reason="It is back", actor=alice)
    due = run.escalates_at
    while bus.deliver_due():
        pass
    run.refresh_from_db()
    assert run.escalates_at == due
    assert [timer.due_at for timer in Timer.objects.filter(kind=operations.DUE)] == [due]


def test_the_level_never_falls_and_practice_pages_nobody() -> None:
    alice = cast.alice()
    run = begun(alice, cast.incident(by=alice, severity="SEV1", drill=True))
    pass_limit(run, 16)
    assert Incident.objects.get().severity.label == "SEV1"
    assert not Event.objects.filter(name="incident.responder_wanted").exists()
    assert "In a drill nobody is paged: 2 would have been" in lines(run.incident)
    assert not Task.objects.filter(list_name="").exists()


def test_a_drill_tests_the_runbook_and_an_incident_does_not(client: Client) -> None:
    alice = cast.alice()
    real = begun(alice)
    path = f"/incidents/{real.incident}/runbooks/{real.pk}/"
    client.force_login(alice)
    refused = client.post(f"{path}finish/", {"result": "worked", "tested": "on"})
    assert refused.status_code == 422
    assert "Only a drill tests a runbook." in refused.content.decode()
    assert "This drill tested the runbook" not in client.get(path).content.decode()
    drill = begun(alice, cast.incident("Practice", by=alice, drill=True))
    path = f"/incidents/{drill.incident}/runbooks/{drill.pk}/"
    assert "This drill tested the runbook" in client.get(path).content.decode()
    client.post(f"{path}finish/", {"result": "worked", "tested": "on"})
    runbook = Runbook.objects.get()
    assert runbook.tested_at is not None
    assert runbook.tested_by == alice
    assert "tested by this drill" in client.get(path).content.decode()


def test_a_run_of_a_private_incident_is_its_members_alone(client: Client) -> None:
    alice = cast.alice()
    run = begun(alice)
    step = run.steps.all()[0]
    lifecycle.set_private(run.incident, private=True, actor=alice)
    path = f"/incidents/{run.incident}/runbooks/{run.pk}/"
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        for address in (
            path,
            f"/incidents/{run.incident}/runbooks/",
            f"/incidents/{run.incident}/-/runbooks/{run.pk}/",
        ):
            assert client.get(address).status_code == 404
        assert client.post(f"{path}steps/{step.pk}/", {"state": "done"}).status_code == status
        assert client.post(f"{path}finish/", {"result": "worked"}).status_code == status
    outsider = cast.caller(cast.person("Oscar"))
    assert outsider.get(f"/api/v1/incidents/{run.incident}/runbook-runs/").status_code == 404
    assert outsider.get("/api/v1/runbooks/api-latency/runs/").json()["results"] == []
    step.refresh_from_db()
    assert step.state == "open"


def test_a_program_begins_ticks_and_ends() -> None:
    alice, service = cast.alice(), cast.service()
    written(alice, services=[service])
    incident = cast.incident(by=alice, services=[service])
    client = cast.caller(alice, scopes=["read", "write", "page"])
    path = f"/api/v1/incidents/{incident}/runbook-runs/"
    assert client.get(f"{path}offered/").json() == [
        {"runbook": "api-latency", "name": "API latency", "why": "Payments API", "is_stale": False}
    ]
    made = client.post(path, {"runbook": "api-latency"}, format="json")
    assert made.status_code == 201
    run = made.json()
    assert (len(run["steps"]), run["steps"][1]["commands"]) == (8, ["redis-cli ping"])
    one = f"{path}{run['id']}/"
    first = run["steps"][0]["id"]
    ticked = client.post(f"{one}mark/", {"step": first, "state": "done"}, format="json").json()
    assert (ticked["steps"][0]["state"], ticked["steps"][0]["by"]) == ("done", str(alice.pk))
    assert client.post(f"{one}mark/", {"step": first, "state": "skipped"}, format="json").status_code == 409
    assert client.post(f"{one}mark/", {"step": "0", "state": "done"}, format="json").status_code == 404
    ended = client.post(f"{one}finish/", {"result": "partly"}, format="json").json()
    assert (ended["result"], ended["tested"]) == ("partly", False)
    assert [row["id"] for row in client.get("/api/v1/runbooks/api-latency/runs/").json()["results"]] == [
        run["id"]
    ]
    assert client.post(path, {"runbook": "nothing"}, format="json").status_code == 400


def test_a_program_that_may_page_nobody_begins_none_that_pages() -> None:
    alice = cast.alice()
    written(alice, text=LATENCY)
    calm = written(alice, name="Calm", text="# Calm\n\n## Diagnosis\n1. Look\n")
    path = f"/api/v1/incidents/{cast.incident(by=alice)}/runbook-runs/"
    writes = cast.caller(alice, scopes=["read", "write"])
    refused = writes.post(path, {"runbook": "api-latency"}, format="json")
    assert (refused.status_code, "scope page" in refused.json()["detail"]) == (403, True)
    assert writes.post(path, {"runbook": calm.slug}, format="json").status_code == 201
    pages = cast.caller(alice, scopes=["read", "write", "page"])
    assert pages.post(path, {"runbook": "api-latency"}, format="json").status_code == 201


def test_panel_and_page_cost_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice, service = cast.alice(), cast.service()
    incident = cast.incident(by=alice, services=[service])
    for number in range(6):
        runbook = written(alice, name=f"Runbook {number}", services=[service])
        if number % 2:
            run = operations.start(incident, runbook=runbook, actor=alice)
    client.force_login(alice)
    for address, most in (
        (f"/incidents/{incident}/-/runbooks/", 10),
        (f"/incidents/{incident}/-/runbooks/{run.pk}/", 9),
    ):
        client.get(address)
        with django_assert_max_num_queries(most):
            client.get(address)
