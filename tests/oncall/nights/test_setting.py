"""Who says how many pages a night may bring, and where; and that two pagers at once cannot both send the last."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from core.events.models import Event
from oncall.escalation import operations
from oncall.nights import operations as nights
from oncall.nights import queries
from oncall.nights.models import NightLimit
from oncall.paging.models import Page
from tests import cast
from tests.waiting import until

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User

ADDRESS = "/api/v1/escalation-policies/night-limit/"


@pytest.mark.django_db
def test_until_an_admin_says_otherwise_it_is_the_settings(settings: Settings, ada: User) -> None:
    settings.PAGES_PER_NIGHT = 3
    assert queries.limit() == 3
    nights.set_limit(2, actor=ada)
    assert queries.limit() == queries.moment()[1] == 2
    assert Event.objects.get(name="night_limit.changed").payload == {"night_limit_id": 1, "pages": 2}


@pytest.mark.django_db
@pytest.mark.parametrize("pages", [-1, 51])
def test_a_limit_that_makes_no_sense_is_refused(pages: int) -> None:
    with pytest.raises(nights.TooMany):
        nights.set_limit(pages, actor=None)
    assert not NightLimit.objects.exists()


@pytest.mark.django_db
def test_an_admin_sets_it_on_the_escalation_page(client: Client, ada: User) -> None:
    cast.sign_in(client, ada)
    answer = client.post(reverse("oncall:night-limit"), {"pages": "2"}, follow=True)
    assert "2 pages per person per night from now on." in answer.text
    assert "a person is paged about 2 things per night" in answer.text
    assert queries.limit() == 2
    wrong = client.post(reverse("oncall:night-limit"), {"pages": "99"})
    assert wrong.status_code == 422
    assert 'value="99"' in wrong.text
    assert queries.limit() == 2
    assert client.get(reverse("oncall:night-limit")).status_code == 405


@pytest.mark.django_db
def test_nobody_else_does(client: Client, mona: User) -> None:
    cast.sign_in(client, mona)
    assert client.post(reverse("oncall:night-limit"), {"pages": "2"}).status_code == 403
    assert "Save night limit" not in client.get(reverse("oncall:policies")).text
    assert not NightLimit.objects.exists()


@pytest.mark.django_db
def test_the_api_reads_and_sets_it(ada: User, bob: User) -> None:
    api = cast.caller(ada)
    assert api.put(ADDRESS, {"pages": 4}, format="json").json() == {"pages": 4}
    assert api.get(ADDRESS).json() == {"pages": 4}
    assert api.put(ADDRESS, {"pages": 51}, format="json").status_code == 400
    assert cast.caller(bob).put(ADDRESS, {"pages": 0}, format="json").status_code == 403
    assert queries.limit() == 4


@pytest.mark.django_db
def test_the_admin_site_sets_it_and_tells_of_it(ada: User) -> None:
    site = cast.sign_in(Client(), ada)
    assert site.post("/admin/oncall/nightlimit/add/", {"pages": 5}).status_code == 302
    assert site.get("/admin/oncall/nightlimit/add/").status_code == 403
    assert site.get("/admin/oncall/nightlimit/1/delete/").status_code == 403
    assert queries.limit() == 5
    assert Event.objects.filter(name="night_limit.changed", actor=ada).count() == 1


def where_it_is_two_at_night() -> str:
    """A zone whose clocks show some minutes after two now."""
    ahead = (2 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


@pytest.mark.django_db(transaction=True)
def test_two_pagers_at_once_do_not_both_send_the_last_page() -> None:
    nights.set_limit(1, actor=None)
    zone = where_it_is_two_at_night()
    alice, bob = (cast.person(name, team=cast.team(), zone=zone) for name in ("Alice", "Bob"))
    policy = cast.policy((600, [alice]), (600, [bob]))
    for n in range(2):
        cast.escalation(cast.alert(f"Disk {n}"), policy)

    def other() -> None:
        operations.advance_due()
        connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        assert operations.advance_due(limit=1) == 1
        thread.start()
        until(is_waiting, what="the other one waits for the lock")
    thread.join()
    assert list(Page.objects.filter(user=alice).order_by("pk").values_list("over_limit", flat=True)) == [
        "",
        "passed_over",
    ]


def is_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_locks where locktype = 'advisory' and classid = 7021 and not granted"
        )
        return cursor.fetchone() is not None
