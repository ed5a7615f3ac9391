"""More rotations, windows and people than anybody means: refused in words, before they cost anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oncall.schedules import operations
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
MOST = "A schedule has at most 30 rotations"


@pytest.fixture
def schedule(alice: User) -> Schedule:
    with connection.cursor() as cursor:
        # A test is one transaction, which waits while thirty forms are drawn on a busy machine.
        cursor.execute("set local idle_in_transaction_session_timeout = 0")
    return cast.always(alice)


@pytest.mark.parametrize(("count", "do"), [("9999", "save"), ("9" * 5000, "add")])
def test_of_a_form_of_thousands_of_rotations_one_too_many_is_read(
    schedule: Schedule, ada: User, count: str, do: str
) -> None:
    browser, page = cast.sign_in(Client(), ada), f"/on-call/{schedule.slug}/edit/"
    typed = as_shown(browser.get(page).content.decode(), action=page)
    answer = browser.post(page, typed | {"layers-TOTAL_FORMS": count, "do": do})
    said = answer.content.decode()
    assert len(re.findall(r'name="layers-\d+-handoff_at"', said)) <= 31
    assert (answer.status_code, MOST in said) == ((422, True) if do == "save" else (200, False))
    assert schedule.versions.count() == 1


def test_thirty_rotations_are_saved_and_one_more_is_not(schedule: Schedule, ada: User) -> None:
    browser, page = cast.sign_in(Client(), ada), f"/on-call/{schedule.slug}/edit/"
    typed = as_shown(browser.get(page).content.decode(), action=page)
    one = {key.removeprefix("layers-0-"): typed[key] for key in typed if key.startswith("layers-0-")}
    for n in range(1, 31):
        typed |= {f"layers-{n}-{key}": said for key, said in one.items() if key not in {"kept", "rank"}}
    refused = browser.post(page, typed | {"layers-TOTAL_FORMS": "31", "do": "save"})
    assert refused.status_code == 422
    assert MOST in refused.content.decode()
    assert browser.post(page, typed | {"layers-TOTAL_FORMS": "30", "do": "save"}).status_code == 302
    assert schedule.versions.latest("number").layers.count() == 30


def test_a_program_hears_at_which_field(schedule: Schedule, ada: User, alice: User) -> None:
    program, url = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/"
    layer: dict[str, Any] = {
        "name": "Primary",
        "start": "2026-01-05T09:00:00Z",
        "handoff": {"every": 1, "unit": "week", "at": "09:00"},
        "participants": [str(alice.pk)],
    }
    window = {"weekday": None, "from": "09:00", "to": "17:00"}
    for body, field in (
        ({"layers": [layer] * 31}, "layers"),
        ({"layers": [layer | {"restrictions": [window] * 31}]}, "restrictions"),
        ({"layers": [layer | {"participants": [[str(alice.pk)] * 31]}]}, "At most 30 people"),
        ({"layers": [layer], "coverage": [window] * 31}, "coverage"),
    ):
        answer = program.put(url, body, format="json")
        assert answer.status_code == 400, answer.json()
        assert field in str(answer.json()["errors"])
    assert schedule.versions.count() == 1


def test_nothing_else_saves_more_either(schedule: Schedule) -> None:
    (spec,) = operations.specs_of(schedule.layers.all())
    with pytest.raises(operations.Meaningless, match=MOST):
        operations.save_layers(schedule, layers=[spec] * 31, actor=None)


def test_everybody_named_is_looked_up_once(schedule: Schedule, ada: User, alice: User) -> None:
    program, url = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/"
    people = [str(alice.pk), *(str(cast.person(f"Person{n}").pk) for n in range(9))]
    layer: dict[str, Any] = {
        "start": "2026-01-05T09:00:00Z",
        "handoff": {"every": 1, "unit": "week", "at": "09:00"},
        "participants": people * 4,
    }
    looks = []
    for count in (1, 30):
        body = {"layers": [layer | {"name": f"Layer {n}"} for n in range(count)], "accept_gaps": True}
        with CaptureQueriesContext(connection) as queries:
            answer = program.put(url, body, format="json")
        assert answer.status_code == 200, answer.json()
        # By an id or an address, each on its own: what a look at everybody replaces.
        alone = [
            one["sql"]
            for one in queries
            if 'from "accounts_user"' in one["sql"].lower() and "limit 1" in one["sql"].lower()
        ]
        looks.append(len(alone))
    assert looks[0] == looks[1]
    wrong = program.put(url, {"layers": [layer | {"name": "x", "participants": ["0"]}]}, format="json")
    assert "There is no person" in str(wrong.json())
    byaddress = layer | {"name": "x", "participants": [alice.email]}
    assert program.put(url, {"layers": [byaddress], "accept_gaps": True}, format="json").status_code == 200
