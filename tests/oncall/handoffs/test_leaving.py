"""Closing an account says what it changes, and leaves no gap unnoticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from core.people.directory import operations
from core.tokens import operations as tokens
from oncall.handoffs import queries
from oncall.schedules import operations as schedules
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def primary(bob: User) -> Schedule:
    return cast.always(bob)


def test_the_gap_the_shifts_and_the_policies_are_named(primary: Schedule, bob: User, alice: User) -> None:
    cast.policy((60, [bob]), (60, [primary]))
    gap, shifts, policy = queries.leaving(bob)
    assert gap.is_gap
    assert gap.text.startswith("Nobody would be on call in Payments primary from ")
    assert shifts.text == "One shift in Payments primary in the next 90 days, the first now."
    assert (policy.text, policy.is_gap) == ("Engineering no longer asks them.", False)
    assert queries.leaving(alice) == []


def test_where_somebody_stands_below_there_is_no_gap(primary: Schedule, bob: User, alice: User) -> None:
    (above,) = schedules.specs_of(primary.layers.all())
    below = replace(above, name="Below", participants=[[alice]], rank=0, lineage=None)
    schedules.save_layers(primary, layers=[below, replace(above, rank=1)], actor=None)
    assert [each.is_gap for each in queries.leaving(bob)] == [False]


def test_a_gap_that_is_there_already_is_not_counted_and_many_are_not_all_listed(
    primary: Schedule, bob: User
) -> None:
    now = timezone.now()
    for number in range(7):
        start = now + timedelta(days=1 + number)
        schedules.add_override(primary, start=start, end=start + timedelta(hours=1), user=None, actor=None)
    gaps = [each for each in queries.leaving(bob) if each.is_gap]
    assert len(gaps) == 6
    assert gaps[-1].text == "Nobody would be on call in Payments primary 3 more times."


def test_the_page_says_it_and_the_account_stays_until_the_box_is_ticked(primary: Schedule, bob: User) -> None:
    client = cast.sign_in(Client(), cast.ada())
    assert f"/people/{bob.pk}/leaving/" in client.get(f"/people/{bob.pk}/").content.decode()
    page = client.get(f"/people/{bob.pk}/leaving/").content.decode()
    assert "Nobody would be on call in Payments primary" in page
    answer = client.post(f"/people/{bob.pk}/deactivate/")
    assert (answer.status_code, "Not switched off." in answer.content.decode()) == (409, True)
    bob.refresh_from_db()
    assert bob.is_active
    assert client.post(f"/people/{bob.pk}/deactivate/", {"gaps": "yes"}).status_code == 302
    bob.refresh_from_db()
    assert not bob.is_active


def test_programs_are_told_409_until_they_accept_the_gap(primary: Schedule, bob: User) -> None:
    _, secret = tokens.create(cast.ada(), name="test", scopes=["admin"])
    ada, path = APIClient(headers={"authorization": f"Bearer {secret}"}), f"/api/v1/users/{bob.pk}/"
    gap, shifts = ada.get(f"{path}leaving/").json()
    assert (gap["is_gap"], shifts["is_gap"]) == (True, False)
    assert f"/on-call/{primary.slug}/?from=" in gap["url"]
    refused = ada.post(f"{path}deactivate/")
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("Nobody would be on call")
    for caller in (cast.mona(), bob):
        assert cast.caller(caller).get(f"{path}leaving/").status_code == 403
        assert (
            cast.caller(caller).post(f"{path}deactivate/", {"accept_gaps": True}, format="json").status_code
            == 403
        )
    bob.refresh_from_db()
    assert bob.is_active
    assert ada.post(f"{path}deactivate/", {"accept_gaps": True}, format="json").status_code == 200
    bob.refresh_from_db()
    assert not bob.is_active


def test_the_page_is_for_admins_and_the_operation_refuses_by_itself(primary: Schedule, bob: User) -> None:
    assert cast.sign_in(Client(), cast.mona()).get(f"/people/{bob.pk}/leaving/").status_code == 403
    with pytest.raises(operations.LeavesGaps):
        operations.leave(bob, actor=cast.ada())
