"""J24: a data breach (002 L193-197; 000 L170-176)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings

from core.outbox.models import Message
from incidents.regulators import operations as regulators
from oncall.paging import operations as paging
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 18)
SECRET = "Credentials of customers are for sale"


def breach(replay: Replay) -> dict[str, Any]:
    """Somebody knew at 08:30; at 09:00 it is declared for its members alone, and flagged."""
    cast.severity()
    alice, mallory = cast.alice(), cast.mallory()
    made = replay.post(alice, "incidents/", title=SECRET, severity="SEV1", private=True)
    path = f"incidents/{made['id']}/report-duties/"
    known = replay.moment("08:30").isoformat()
    flagged = replay.post(alice, f"{path}flag/", aware_at=known, what="A dump with tokens")
    replay.at("23:59")
    early = Message.objects.filter(client=regulators.CLIENT).count()
    duty = replay.get(alice, path)["results"][0]
    outside = {
        "listed": replay.get(mallory, "incidents/")["results"],
        "found": replay.get(mallory, "search/", q="credentials"),
        "refused": replay.refused(mallory, f"{path}flag/")[0],
        "closed": replay.refused(mallory, f"{path}{duty['id']}/reported/", reference="x")[0],
    }
    done = replay.post(alice, f"{path}{duty['id']}/reported/", reference="LDA-2025-88")
    return {
        "flagged": flagged,
        "known": known,
        "early": early,
        "outside": outside,
        "done": done,
        "alice": str(alice.pk),
        "clock": replay.clock(done["ended_at"]),
    }


ADDRESSES = (
    "", "timeline/", "updates/", "told/", "tasks/", "nudges/", "owed-words/", "report-duties/", "reads/", "changes/",
    "closing/", "command/", "stakeholders/", "support/", "executive-summary/", "estimates/", "customer-reports/",
)  # fmt: skip


def looked_into(replay: Replay) -> dict[str, Any]:
    """A status page stands; outsiders ask everywhere; an admin looks into it once, in an emergency."""
    cast.severity()
    service = cast.service("Keys")
    (part,) = cast.status_page(service)
    ada, alice, mallory = cast.ada(), cast.alice(), cast.mallory()
    made = replay.post(
        alice, "incidents/", title=SECRET, severity="SEV1", private=True, services=[service.slug]
    )
    path = f"incidents/{made['id']}/"
    outside = {address: replay.refused_to_read(mallory, path + address) for address in ADDRESSES}
    said = replay.refused(alice, f"{path}updates/", audience="public", text=SECRET)
    page = Client().get(f"/status/{part.page.slug}/").content.decode()
    before = replay.refused_to_read(ada, path)
    opened = replay.post(
        ada, "emergency-access/", incident=made["id"], reason="The bank asks, and nobody answers"
    )
    during = replay.get(ada, path)["title"]
    writes = replay.refused(ada, f"{path}timeline/", kind="note", text="I was here")[0]
    replay.at("10:05")
    tasks = replay.get(alice, f"{path}tasks/")["results"]
    return {
        "outside": outside,
        "public": (said[0], SECRET in page, replay.get(mallory, "search/", q="sale")),
        "owed": replay.get(alice, f"{path}owed-words/")["results"],
        "ends": replay.clock(opened["ends_at"]),
        "reads": (before, during, writes, replay.refused_to_read(ada, path)),
        "asked": [(row["title"], row["assignee"]) for row in tasks if "emergency" in row["title"]],
        "alice": str(alice.pk),
    }


def engaged(replay: Replay) -> dict[str, Any]:
    """Security is called; credentials are not rotated, and the incident does not end before they are."""
    cast.severity()
    alice, bob = cast.alice(), cast.bob()
    paging.ensure_default(bob)
    schedule = cast.weekly(bob, name="Security", start=replay.moment("00:00"))
    made = replay.post(alice, "incidents/", title=SECRET, severity="SEV1", private=True)
    path = f"incidents/{made['id']}/"
    with override_settings(SECURITY_SCHEDULE=schedule.slug):
        replay.post(alice, f"{path}security/begin/")
    pages = replay.get(alice, "pages/", incident=made["id"])["results"]
    replay.at("09:05")
    replay.post(alice, f"{path}roles/", role="expert", user=str(bob.pk))  # else by the page, once it is sent
    led = replay.post(bob, f"{path}security/lead/")
    replay.at("12:00")
    despite = {"reason": "It works again", "despite": "We are sure"}
    early = replay.refused(alice, f"{path}resolve/", **despite)
    closed = replay.refused(alice, f"{path}close/", outcome="false_alarm", reason="Nothing")
    rows = replay.get(alice, f"{path}security/")["results"]
    silent = replay.refused(bob, f"{path}security/{rows[0]['id']}/done/", words=" ")[0]
    mallory = cast.mallory()
    outside = [replay.refused_to_read(mallory, f"{path}security/{each}") for each in ("", "track/")]
    for row in rows:
        replay.post(bob, f"{path}security/{row['id']}/done/", words="All of them, on 12 hosts")
    return {
        "pages": [(row["user"], row["planned_at"][11:16]) for row in pages if row["user"]],
        "bob": str(bob.pk),
        "alice": str(alice.pk),
        "led": led["lead"],
        "commander": replay.get(alice, path)["commander"],
        "early": early,
        "closed": closed,
        "silent": silent,
        "outside": outside,
        "rows": [row["slug"] for row in rows],
        "then": replay.post(alice, f"{path}resolve/", **despite)["status"],
    }


@pytest.fixture(scope="module")
def track(play: Callable[..., Any]) -> Any:
    return play(DAY, "09:00", engaged)


@pytest.fixture(scope="module")
def emergency(play: Callable[..., Any]) -> Any:
    return play(DAY, "09:00", looked_into)


@pytest.fixture(scope="module")
def story(play: Callable[..., Any]) -> Any:
    return play(DAY, "09:00", breach)


def test_j24_a_the_clock_shows_72_hours_from_when_somebody_knew(story: Any) -> None:
    (duty,) = story["flagged"]
    due = datetime.fromisoformat(duty["due_at"])
    assert due - datetime.fromisoformat(story["known"]) == timedelta(hours=72)
    assert (duty["regime"], duty["state"], story["early"]) == ("gdpr", "open", 0)


def test_j24_b_outsiders_find_neither_it_nor_its_clock(story: Any) -> None:
    outside = story["outside"]
    assert outside["listed"] == []
    assert SECRET not in str(outside["found"])
    assert (outside["refused"], outside["closed"]) == (404, 404)


def test_j24_c_it_is_done_with_the_reference_and_by_whom(story: Any) -> None:
    done = story["done"]
    assert (done["state"], done["reference"], done["ended_by"]) == ("done", "LDA-2025-88", story["alice"])
    assert story["clock"] == "23:59"


def test_j24_d_outsiders_find_nothing_by_any_address_of_it(emergency: Any) -> None:
    assert set(emergency["outside"].values()) == {404}
    assert len(emergency["outside"]) == 17


def test_j24_e_nothing_of_it_is_told_or_owed_to_customers(emergency: Any) -> None:
    status, stands, found = emergency["public"]
    assert (status, stands, SECRET in str(found)) == (409, False, False)
    assert emergency["owed"] == []


def test_j24_f_emergency_access_reads_alone_and_ends_after_an_hour(emergency: Any) -> None:
    assert emergency["ends"] == "10:00"
    assert emergency["reads"] == (404, SECRET, 404, 404)


def test_j24_g_once_it_has_ended_the_commander_has_to_look_into_it(emergency: Any) -> None:
    title = "Look into the emergency access of Ada Example: was it needed?"
    assert emergency["asked"] == [(title, emergency["alice"])]


def test_j24_h_security_is_called_at_once_and_has_its_own_lead(track: Any) -> None:
    assert track["pages"] == [(track["bob"], "09:00")]
    assert (track["led"], track["commander"]) == (track["bob"], track["alice"])


def test_j24_i_until_credentials_are_rotated_it_neither_resolves_nor_closes(track: Any) -> None:
    assert track["rows"][0] == "credentials-rotated"
    for status, words in (track["early"], track["closed"]):
        assert status == 409
        assert "Credentials that may be known are rotated" in words
    assert track["then"] == "resolved"


def test_j24_j_nobody_ticks_it_away_without_words_and_outsiders_find_nothing(track: Any) -> None:
    assert (track["silent"], track["outside"]) == (400, [404, 404])
