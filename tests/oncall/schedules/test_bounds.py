"""However much a schedule holds, its screens ask the database as often as ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oncall.schedules import operations, queries
from tests import cast

pytestmark = pytest.mark.django_db

PAGES = [
    "/on-call/",
    "/on-call/-/mine/",
    "/on-call/payments-primary/?view=month",
    "/on-call/payments-primary/-/shift/",
    "/on-call/payments-primary/edit/",
    "/on-call/payments-primary/about/",
    "/on-call/payments-primary/versions/",
    "/on-call/payments-primary/versions/1/",
]


def asked(client: Client) -> dict[str, int]:
    counted = {}
    for page in PAGES:
        with CaptureQueriesContext(connection) as found:
            assert client.get(page).status_code == 200, page
        counted[page] = len(found)
    return counted


def test_screens_ask_no_more_for_more_rotations_versions_people_and_overrides() -> None:
    ada, alice, bob, carol = cast.ada(), cast.alice(), cast.bob(), cast.carol()
    schedule, now = cast.weekly(ada, alice), timezone.now()

    def grow(days: int) -> None:
        """One override and two versions more, one that counts and one that is planned."""
        start = now + timedelta(days=days)
        operations.add_override(schedule, start=start, end=start + timedelta(hours=2), user=bob, actor=alice)
        specs = operations.specs_of(queries.layers_in_force(schedule, at=timezone.now()))
        more = [
            *specs,
            replace(specs[0], name=f"Layer {days}", participants=[[bob, carol], None], lineage=None),
        ]
        operations.save_layers(schedule, layers=more, actor=alice)
        operations.save_layers(
            schedule, layers=more, effective_at=now + timedelta(days=40 - days), actor=alice
        )

    grow(1)
    client = Client()
    client.force_login(ada)
    asked(client)
    few = asked(client)
    for days in (2, 3, 4):
        grow(days)
    cast.always(ada, "Another")
    assert asked(client) == few
    assert max(few.values()) <= 30
