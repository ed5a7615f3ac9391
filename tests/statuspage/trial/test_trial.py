from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core.events import bus
from core.watch import trials
from core.watch.rules import Grade
from statuspage.components import operations as components
from statuspage.components import queries as pages
from statuspage.models import NoticeUpdate, StatusPage
from statuspage.trial import operations, queries
from tests import cast

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)


def publish() -> None:
    components.create_page(actor=None, name="Alder Pay", slug="alder-pay")
    operations.try_publishing()
    while bus.deliver_due():
        pass


def test_a_test_notice_goes_the_way_of_any_other_and_is_read_back(
    live_server: LiveServer, settings: Settings
) -> None:
    settings.WEB_URL = live_server.url
    publish()
    assert queries.look().grade is Grade.GOOD
    (slot,) = queries.waiting()
    assert operations.is_read(slot)
    assert not operations.is_read(slot + 1)
    operations.try_publishing()
    assert queries.waiting() == []
    assert queries.look().text.startswith("A test notice came back to its readers 0 s ago, after ")
    operations._client().close()


def test_nobody_is_shown_the_page_it_stands_on(client: Client) -> None:
    publish()
    assert [page.slug for page in pages.pages()] == ["alder-pay"]
    own = StatusPage.every.get(is_canary=True)
    cast.sign_in(client, cast.ada())
    for path in ("/status-pages/", "/admin/statuspage/statuspage/", "/audit/"):
        assert own.slug not in client.get(path).content.decode()
    assert client.get(f"/status-pages/{own.slug}/").status_code == 404


def test_only_the_newest_test_notice_is_kept() -> None:
    publish()
    (slot,) = queries.waiting()
    operations.show(slot)
    operations.show(slot + 1)
    assert [row.body for row in NoticeUpdate.objects.all()] == [operations.words(slot + 1)]


def test_publishing_that_stands_still_is_an_alarm() -> None:
    components.create_page(actor=None, name="Alder Pay", slug="alder-pay")
    operations.begin()
    with connection.cursor() as cursor:
        cursor.execute("update watch_trial set started_at = now() - interval '3 minutes'")
    seen = queries.look()
    assert seen.grade is Grade.BAD
    assert seen.text == "The status page has not taken the test notice of 3 min ago."


def test_without_a_status_page_nothing_is_tried() -> None:
    operations.try_publishing()
    assert trials.lately(queries.KIND) == []
    assert queries.look().grade is Grade.GOOD
