"""Who could cover a shift, what speaks against whoever does, and for what a schedule is asked at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from oncall.routing.models import ServicePolicy
from oncall.schedules import queries
from tests import cast
from tests.forms import as_shown

pytestmark = pytest.mark.django_db


def test_who_is_free_is_offered_first_and_what_speaks_against_somebody_is_said() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule, now = cast.weekly(alice, bob, carol), timezone.now()
    cast.always(carol, "Other")
    week = queries.shifts_of(alice, start=now + timedelta(days=8), end=now + timedelta(days=35))[0]
    start, end = (f"{week.start + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (72, 74))
    client = cast.sign_in(Client(), bob)
    page = client.get(
        f"/on-call/{schedule.slug}/-/shift/?at={start}&start={start}&end={end}"
    ).content.decode()
    free, busy = page.index("Bob Example, free, "), page.index("Carol Example, on call then already, ")
    assert page.index("Of this schedule") < free < busy < page.index("Everybody else")
    assert "Alice Example, " not in page
    action = f"/on-call/{schedule.slug}/overrides/"
    given = as_shown(page, action=action)
    answer = client.post(action, given | {"user": str(carol.pk)}, follow=True).content.decode()
    assert "Carol Example is on call for that time." in answer
    assert "Carol Example: on call then already." in answer


def test_a_schedule_says_which_policies_ask_it_and_for_which_services() -> None:
    schedule = cast.always(cast.alice())
    client = cast.sign_in(Client(), cast.vera())
    address = f"/on-call/{schedule.slug}/"
    assert "No escalation policy asks this schedule" in client.get(address).content.decode()
    policy = cast.policy((60, [schedule]), (60, [schedule]), name="Payments")
    for name in ("Checkout", "Refunds"):
        ServicePolicy.objects.create(service=cast.service(name), policy=policy)
    cast.policy((60, [schedule]), name="Nightly")
    page = client.get(address).content.decode()
    assert f'href="/escalation/{policy.slug}/">Payments</a><br><span class="sub">Checkout, Refunds<' in page
    assert 'Nightly</a><br><span class="sub">for no service<' in page
