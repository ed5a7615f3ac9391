"""Who could cover a shift, what speaks against whoever does, and for what a schedule is asked at all."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from oncall.models import Override
from oncall.routing.models import ServicePolicy
from oncall.schedules import queries
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOUR = timedelta(hours=1)
KEPT = ("id", "name", "start", "handoff")


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


def here(schedule: Schedule, **asked: str) -> str:
    return f"/on-call/{schedule.slug}/-/cover/?{urlencode(asked)}"


def test_the_form_in_the_calendar_names_whose_time_it_is_and_covers_it() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = cast.always(alice)
    client = cast.sign_in(Client(), bob)
    start = (timezone.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    span = {"start": start.isoformat(), "end": (start + timedelta(hours=15)).isoformat()}
    page = client.get(here(schedule, at=start.isoformat(), zone="utc", **span)).content.decode()
    assert "Alice Example has these <b>15 h</b>." in page
    # Bob is not of the schedule, so he stands among everybody else; instead of whom needs no choice.
    assert "Instead of" not in page
    given = as_shown(page, action=f"/on-call/{schedule.slug}/overrides/")
    assert (given["start"], given["zone"]) == (f"{start:%Y-%m-%dT%H:%M}", "utc")
    wrong = client.post(here(schedule), given | {"user": str(bob.pk), "end": given["start"]}, headers=HTMX)
    assert wrong.status_code == 422
    assert "It has to end after it starts." in wrong.content.decode()
    assert f'value="{bob.pk}" selected' in wrong.content.decode()
    answer = client.post(here(schedule), given | {"user": str(bob.pk), "reason": "Train"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Bob Example is on call for that time." in answer.content.decode()
    assert json.loads(answer["HX-Trigger-After-Settle"]) == {f"live:schedule-{schedule.pk}": {}}
    override = Override.objects.get()
    assert (override.start, override.user, override.replaces, override.reason) == (start, bob, None, "Train")


def test_the_form_in_the_calendar_has_the_rest_of_the_shift_and_of_several_asks_instead_of_whom() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule, now = cast.weekly(alice, bob), timezone.now()
    # Neither the first nor the last one of the window, which are cut.
    shift = queries.shifts_of(alice, start=now + timedelta(days=1), end=now + timedelta(days=60))[1]
    client = cast.sign_in(Client(), bob)
    page = client.get(here(schedule, at=shift.start.isoformat(), zone="utc")).content.decode()
    assert f'value="{shift.start:%Y-%m-%dT%H:%M}"' in page
    assert f'value="{shift.end:%Y-%m-%dT%H:%M}"' in page
    later = (shift.end + timedelta(hours=2)).isoformat()
    page = client.get(here(schedule, start=shift.start.isoformat(), end=later)).content.decode()
    assert "Alice Example and Bob Example have these" in page
    assert "Instead of" in page


@pytest.mark.parametrize(
    "asked", [{}, {"at": "soon"}, {"start": "2020-01-01T00:00:00Z", "end": "2019-01-01T00:00:00Z"}]
)
def test_the_form_in_the_calendar_shrugs_at_nonsense(asked: dict[str, str]) -> None:
    schedule = cast.always(cast.alice())
    page = cast.sign_in(Client(), cast.bob()).get(here(schedule, **asked)).content.decode()
    assert "Who covers" in page


def test_the_form_in_the_calendar_is_for_responders_and_asks_little_of_the_database(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    bob = cast.bob()
    schedule = cast.weekly(cast.alice(), bob, cast.carol())
    assert cast.sign_in(Client(), cast.vera()).get(here(schedule)).status_code == 403
    client = cast.sign_in(Client(), bob)
    with django_assert_max_num_queries(30):
        assert client.get(here(schedule)).status_code == 200


def test_who_only_reads_is_put_on_call_by_nobody(alice: User) -> None:
    schedule, ada, vera = cast.always(alice), cast.ada(), cast.vera()
    browser, program = cast.sign_in(Client(), ada), cast.caller(ada)
    now = timezone.now()
    api, times = f"/api/v1/schedules/{schedule.slug}/", {"start": now + HOUR, "end": now + 2 * HOUR}
    answer = program.post(f"{api}overrides/", {"user": str(vera.pk), **times}, format="json")
    assert answer.json()["errors"]["user"] == [f"There is no '{vera.pk}', or none that you may see."]
    (layer,) = program.get(api).json()["layers"]
    body = {"layers": [{"participants": [str(vera.pk)], **{key: layer[key] for key in KEPT}}]}
    said = str(program.put(api, body, format="json").json()["errors"])
    assert f"There is no person '{vera.pk}' who may be on call." in said
    page = browser.get(f"/on-call/{schedule.slug}/").content.decode()
    assert f"{vera}</option>" not in page.partition('name="user"')[2].partition("</select>")[0]
    edit = f"/on-call/{schedule.slug}/edit/"
    assert f"{vera}</option>" not in browser.get(edit).content.decode()
    typed = {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in times.items()} | {"user": vera.pk}
    assert browser.post(f"/on-call/{schedule.slug}/overrides/", typed).status_code == 422
    assert not Override.objects.exists()
    # Who reads only by now keeps their turn until somebody takes it from them.
    type(alice).objects.filter(pk=alice.pk).update(role="viewer")
    assert f'<option value="{alice.pk}" selected>{alice}<' in browser.get(edit).content.decode()
