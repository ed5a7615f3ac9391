"""What marks the days of a calendar: pages that came, and public holidays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from incidents.lifecycle.models import Incident
from oncall.absences.models import HolidayRegion
from oncall.models import Page
from tests import cast

pytestmark = pytest.mark.django_db


def test_a_day_says_how_often_its_schedule_was_paged_to_those_who_may_know() -> None:
    bob, carol, now = cast.bob(), cast.carol(), timezone.now()
    schedule, other = cast.always(bob), cast.always(bob, "Other")
    incident = cast.incident()
    for number, (policy, person) in enumerate(
        [
            (cast.policy((60, [schedule]), name="Own"), bob),
            (cast.policy((60, [schedule, carol]), name="With Carol"), bob),
            (cast.policy((60, [schedule, carol]), name="To Carol"), carol),
            (cast.policy((60, [other]), name="Another"), bob),
        ]
    ):
        asked = cast.escalation(incident, policy)
        Page.objects.create(escalation=asked, user=person, nonce=f"n{number}", planned_at=now)
    client = cast.sign_in(Client(), cast.vera())
    address = f"/on-call/{schedule.slug}/?view=day&zone=utc&from={now:%Y-%m-%d}"
    assert "<small>2 pages</small>" in client.get(address).content.decode()
    before = address.replace(f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}")
    assert " pages</small>" not in client.get(before).content.decode()
    Incident.objects.update(private=True)
    assert " pages</small>" not in client.get(address).content.decode()


def test_a_holiday_where_somebody_on_call_lives_is_named() -> None:
    bob = cast.bob()
    schedule = cast.always(bob)
    HolidayRegion.objects.create(user=bob, country="DE")
    HolidayRegion.objects.create(user=cast.carol(), country="PL")
    client = cast.sign_in(Client(), cast.vera())
    page = client.get(f"/on-call/{schedule.slug}/?view=week&from=2026-12-21").content.decode()
    assert ">holiday</small>" in page
    assert "Fri 25 Dec: Erster Weihnachtstag, for Bob Example" in page
    assert "Narodzenie" not in page
    page = client.get(f"/on-call/{schedule.slug}/?view=list&from=2026-12-21").content.decode()
    assert "Erster Weihnachtstag, for Bob Example" in page
