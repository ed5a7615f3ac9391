from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from core.search import queries, registry, rules
from incidents.changes import operations as changes
from incidents.lifecycle import operations
from incidents.models import Incident, ServiceLink
from incidents.observations import operations as observations
from postmortems.models import Postmortem
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def found(user: User, text: str, *, kind: str = "") -> dict[str, list[str]]:
    """The titles of what is found, by kind."""
    groups = queries.search(user, rules.parse(text), each=10, kind=kind)
    return {group.source.kind: [one.hit.title for one in group.found] for group in groups}


def signed_in(user: User) -> Client:
    return cast.sign_in(Client(), user)


def commander(incident: Incident) -> User:
    """Alice, who declared it."""
    assert incident.declared_by is not None
    return incident.declared_by


@pytest.fixture
def storm() -> Incident:
    """An incident in whose timeline stands what its title does not say."""
    incident = cast.incident(title="Checkout fails for everybody")
    operations.add_entry(
        incident, kind="note", text="Connection-pool of db-7 exhausted", actor=commander(incident)
    )
    return incident


class TestIncidents:
    def test_words_of_the_timeline_and_of_the_title_are_found_together(self, storm: Incident) -> None:
        vera = cast.vera()
        title = f"{storm} Checkout fails for everybody"
        for text in (
            "checkout",
            "pool exha",
            "CHECK exhausted",
            "db-7'\\",
            '"connection-pool" db-7',
            str(storm),
            str(storm.number),
        ):
            assert found(vera, text).get("incident") == [title], text
        for text in ("heckout", "checkout oven", "INC-999999"):
            assert "incident" not in found(vera, text), text

    def test_its_excerpt_shows_where_the_word_stands(self, storm: Incident) -> None:
        (group,) = queries.search(cast.vera(), rules.parse("exhausted"), each=5)
        assert '<b class="hit">exhausted</b>' in group.found[0].excerpt

    def test_operators_narrow_it(self, storm: Incident) -> None:
        vera, level = cast.vera(), storm.severity
        tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
        today = f"{timezone.now():%Y-%m-%d}"
        for text in (
            "is:open",
            f"sev:{level.rank}",
            f"sev:{level.label}",
            f"before:{tomorrow}",
            f"after:{today}",
            "who:alice",
        ):
            assert found(vera, f"checkout {text}", kind="incident"), text
        for text in (
            "is:over",
            "sev:4",
            "sev:nonsense",
            "before:2020-01-01",
            f"after:{tomorrow}",
            "who:mallory",
            "service:nowhere",
        ):
            assert not found(vera, f"checkout {text}", kind="incident"), text
        operations.resolve(storm, actor=commander(storm))
        assert found(vera, "is:over", kind="incident")

    def test_open_ones_come_first_and_then_the_latest(self) -> None:
        vera = cast.vera()
        first, second, third = (cast.incident(title=f"Search is slow {number}") for number in range(3))
        operations.resolve(third, actor=commander(third))
        assert [title.split()[0] for title in found(vera, "slow")["incident"]] == [
            str(second),
            str(first),
            str(third),
        ]

    def test_of_many_the_open_one_and_the_latest_are_among_the_few_that_are_shown(self) -> None:
        rows = [cast.incident(title=f"Search is slow {number}") for number in range(6)]
        for row in rows[1:]:
            operations.resolve(row, actor=commander(row))
        for text in ("slow", "before:2999-01-01"):
            (group,) = queries.search(
                cast.person(f"Vera{text[0]}"), rules.parse(text), each=2, kind="incident"
            )
            assert [one.hit.title.split()[0] for one in group.found] == [str(rows[0]), str(rows[5])]

    def test_a_number_leads_to_its_incident_and_to_those_that_speak_of_it(self) -> None:
        first, second = cast.incident(title="Checkout fails"), cast.incident(title="Search is slow")
        operations.add_entry(second, kind="note", text=f"As in {first}: 500 again", actor=commander(second))
        vera = cast.vera()
        titles = [f"{row} {row.title}" for row in (first, second)]
        assert found(vera, str(first), kind="incident") == {"incident": titles}
        assert found(vera, "500", kind="incident") == {"incident": titles[1:]}
        assert found(vera, f"{first} is:over", kind="incident") == {}

    def test_a_private_one_is_found_by_its_members_alone(self) -> None:
        secret = cast.incident(title="Canaryword leaked", private=True)
        operations.add_entry(secret, kind="note", text="zebrafish", actor=commander(secret))
        assert set(found(commander(secret), "canaryword")) == {"incident"}
        for user in (cast.mallory(), cast.ada(), cast.vera()):
            for text in ("canaryword", "zebrafish", str(secret), "is:open"):
                assert found(user, text).get("incident") is None


class TestOthers:
    def test_everything_has_its_kind(self, storm: Incident) -> None:
        service, ada = cast.service(), cast.ada()
        ServiceLink.objects.create(
            service=service, kind="runbook", label="Failover of the shop", url="https://wiki.example/failover"
        )
        cast.weekly(ada)
        Postmortem.objects.create(incident=storm, summary="A marmalade of retries")
        assert found(ada, service.name.split()[0])["service"] == [service.name]
        assert found(ada, "failover")["runbook"] == ["Failover of the shop"]
        assert found(ada, "marmal")["postmortem"] == [f"{storm} {storm.title}"]
        assert found(ada, "ada")["person"] == [str(ada)]
        assert "Go to" in {source.label for source in registry.sources()}
        assert "Alerts" in found(ada, "alert")["place"]

    def test_alerts_are_found_by_the_beginnings_of_their_words(self) -> None:
        alert, ada = cast.alert(title="DiskFull on db-7"), cast.vera()
        assert found(ada, "diskf", kind="alert") == {"alert": [alert.title]}
        assert found(ada, "diskf is:open", kind="alert") == {"alert": [alert.title]}
        assert found(ada, "diskf is:over", kind="alert") == {}
        assert found(ada, "diskf service:nowhere", kind="alert") == {}

    def test_changes_and_what_was_odd_are_found(self) -> None:
        service, vera = cast.service(), cast.vera()
        changes.record_change(service=service, kind="deploy", summary="Ledger migration", version="0341")
        observations.note(text="Invoices felt slow", service=service, actor=cast.bob())
        assert found(vera, "ledger migr") == {"change": ["Ledger migration 0341"]}
        assert found(vera, "invoices felt") == {"observation": ["Invoices felt slow"]}
        for text in ("ledger service:nowhere", "invoices service:nowhere", "ledger before:2020-01-01"):
            assert found(vera, text) == {}
        assert set(found(vera, f"ledger service:{service.slug}")) == {"change"}

    def test_whom_one_can_page_is_named_with_who_is_on_call(self) -> None:
        alice = cast.alice()
        schedule = cast.weekly(alice)
        (group,) = [
            g
            for g in queries.search(alice, rules.parse(f"page {schedule.name}"), each=5)
            if g.source.kind == "page"
        ]
        hit = group.found[0].hit
        assert (hit.title, hit.facts) == (f"Page {schedule.name}", str(alice))
        assert f"whom=schedule%3A{schedule.pk}" in hit.url
        assert "page" not in found(cast.vera(), f"page {schedule.name}")


class TestScreens:
    def test_the_page_finds_and_says_what_it_did_not_understand(self, storm: Incident) -> None:
        client = signed_in(cast.vera())
        page = client.get("/search/", {"q": "exhausted is:banana <b>"}).content.decode()
        assert "is: wants open or over." in page
        assert "&lt;b&gt;" in page
        page = client.get("/search/", {"q": "exhausted"}).content.decode()
        assert f"/incidents/{storm.number}/" in page or str(storm) in page
        assert '<b class="hit">exhausted</b>' in page
        assert "Nothing was found" in client.get("/search/", {"q": "nowhere-at-all"}).content.decode()

    def test_the_palette_gives_options(self, storm: Incident) -> None:
        page = signed_in(cast.vera()).get("/search/-/palette/", {"q": "checkout"}).content.decode()
        assert page.count('role="option"') == 2
        assert "/search/?q=checkout" in page

    def test_strangers_find_nothing(self, storm: Incident) -> None:
        for path in ("/search/", "/search/-/palette/"):
            answer = Client().get(path, {"q": "checkout"})
            assert answer.status_code in {302, 403, 404}

    def test_it_asks_a_bounded_number_of_times(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            cast.incident(title=f"Search is slow {number}")
        client = signed_in(cast.bob())
        client.get("/search/", {"q": "slow"})
        with django_assert_max_num_queries(30):
            assert client.get("/search/", {"q": "slow"}).status_code == 200

    def test_the_palette_is_in_every_page_and_its_script_is_there(self) -> None:
        page = signed_in(cast.vera()).get("/").content.decode()
        assert 'id="palette"' in page
        assert finders.find("shell.js")


class TestApi:
    def test_it_gives_hits_with_their_kind(self, storm: Incident) -> None:
        answer = cast.caller(cast.vera()).get("/api/v1/search/", {"q": "exhausted"})
        (hit,) = answer.json()
        assert (hit["kind"], hit["title"]) == ("incident", f"{storm} {storm.title}")
        assert hit["url"].endswith(str(storm.number)) or str(storm.number) in hit["url"]
        assert "exhausted" in hit["excerpt"]

    @pytest.mark.parametrize(
        "asked",
        [{}, {"q": " "}, {"q": "x is:banana"}, {"q": "x", "kind": "place"}, {"q": "x", "kind": "nothing"}],
    )
    def test_what_means_nothing_is_refused(self, asked: dict[str, str]) -> None:
        assert cast.caller(cast.vera()).get("/api/v1/search/", asked).status_code == 400
