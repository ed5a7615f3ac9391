"""Two who edit at once, and saves that leave nobody on call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from oncall.handoffs import operations as handoffs
from oncall.handoffs import queries as talks
from oncall.lookahead import operations as lookahead
from oncall.lookahead import queries as limits
from oncall.lookahead.rules.worries import Limits
from oncall.schedules import operations
from oncall.swaps import operations as swapping
from oncall.swaps import queries as swaps
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CHANGED = "Somebody changed this in between"


@pytest.fixture
def schedule(alice: User) -> Schedule:
    return cast.always(alice)


@pytest.fixture
def browser(ada: User) -> Client:
    return cast.sign_in(Client(), ada)


def shown(browser: Client, page: str, action: str) -> dict[str, str]:
    return as_shown(browser.get(page).content.decode(), action=action)


class TestTwoAtOnce:
    def test_the_name_and_team(self, schedule: Schedule, browser: Client) -> None:
        page = f"/on-call/{schedule.slug}/about/"
        typed = shown(browser, page, page) | {"name": "Mine", "description": "mine"}
        operations.describe(schedule, description="theirs", actor=None)
        answer = browser.post(page, typed)
        said = answer.content.decode()
        assert answer.status_code == 422
        assert f"{CHANGED} to: name “Payments primary”, description “theirs”." in said
        assert 'value="Mine"' in said
        schedule.refresh_from_db()
        assert (schedule.name, schedule.description) == ("Payments primary", "theirs")
        again = as_shown(said, action=page) | {"description": "mine"}
        assert browser.post(page, again).status_code == 302
        schedule.refresh_from_db()
        assert (schedule.name, schedule.description) == ("Mine", "mine")

    def test_a_cover_in_between_is_no_change_of_the_name(
        self, schedule: Schedule, browser: Client, alice: User
    ) -> None:
        page = f"/on-call/{schedule.slug}/about/"
        typed = shown(browser, page, page) | {"name": "Mine"}
        now = timezone.now()
        operations.add_override(schedule, start=now, end=now + DAY, user=alice, actor=None)
        assert browser.post(page, typed).status_code == 302
        schedule.refresh_from_db()
        assert schedule.name == "Mine"

    def test_the_limits(self, schedule: Schedule, browser: Client, ada: User) -> None:
        page, action = f"/on-call/{schedule.slug}/ahead/", f"/on-call/{schedule.slug}/ahead/limits/"
        typed = shown(browser, page, action) | {"people": "9"}
        lookahead.set_limits(schedule, people=4, days=5, rest_hours=9, actor=ada)
        answer = browser.post(action, typed)
        said = answer.content.decode()
        assert answer.status_code == 400
        assert f"{CHANGED} to: at least 4 people, 5 days, 9 hours of rest" in said
        assert as_shown(said, action=action)["people"] == "9"
        # What is live on the page asks for the page, and not for the address that only takes the form.
        assert f'hx-get="{page}"' in said
        assert limits.limits_of(type(schedule).objects.get()) == Limits(people=4, days=5, rest_hours=9)
        assert browser.post(action, as_shown(said, action=action)).status_code == 302
        assert limits.limits_of(type(schedule).objects.get()).people == 9

    def test_the_talk(self, schedule: Schedule, browser: Client, ada: User) -> None:
        page, action = f"/on-call/{schedule.slug}/handoff/", f"/on-call/{schedule.slug}/handoff/talk/"
        typed = shown(browser, page, action) | {"minutes": "45"}
        handoffs.set_talk(schedule, minutes=10, actor=ada)
        said = browser.post(action, typed).content.decode()
        assert f"{CHANGED} to: 10 minutes" in said
        assert talks.talk_minutes(schedule) == 10
        assert browser.post(action, as_shown(said, action=action)).status_code == 302
        assert talks.talk_minutes(schedule) == 45

    def test_the_rule_of_swaps(self, schedule: Schedule, browser: Client, ada: User) -> None:
        page, action = f"/on-call/{schedule.slug}/swaps/", f"/on-call/{schedule.slug}/swaps/rule/"
        typed = shown(browser, page, action)
        swapping.set_rule(schedule, takers="everybody", needs_approval=True, actor=ada)
        said = browser.post(action, typed | {"needs_approval": ""}).content.decode()
        assert CHANGED in said
        assert swaps.rule_of(schedule).needs_approval
        assert browser.post(action, as_shown(said, action=action)).status_code == 302
        assert not swaps.rule_of(schedule).needs_approval

    @pytest.mark.parametrize(
        ("path", "first", "second"),
        [
            ("limits", {"people": 4, "days": 5, "rest_hours": 9}, {"people": 9, "days": 9, "rest_hours": 9}),
            ("handoff-talks", {"minutes": 10}, {"minutes": 45}),
            (
                "swap-rules",
                {"takers": "everybody", "needs_approval": True},
                {"takers": "everybody", "needs_approval": False},
            ),
        ],
    )
    def test_programs(
        self, schedule: Schedule, ada: User, path: str, first: dict[str, object], second: dict[str, object]
    ) -> None:
        program, url = cast.caller(ada), f"/api/v1/on-call/{path}/{schedule.slug}/"
        seen = program.get(url)["ETag"]
        assert program.put(url, first, format="json", headers={"If-Match": seen}).json() == first
        assert program.put(url, second, format="json", headers={"If-Match": seen}).status_code == 412
        assert program.get(url).json() == first
        assert cast.caller(cast.bob()).put(url, second, format="json").status_code == 403


class TestGaps:
    def test_a_program_is_refused_once_and_says_that_it_knows(self, schedule: Schedule, ada: User) -> None:
        program, url = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/"
        (layer,) = program.get(url).json()["layers"]
        layer["restrictions"] = [{"weekday": None, "from": "09:00", "to": "17:00"}]
        body = {"layers": [{key: value for key, value in layer.items() if value is not None}]}
        answer = program.put(url, body, format="json")
        assert answer.status_code == 409, answer.json()
        assert "Nobody would be on call in Payments primary from " in answer.json()["detail"]
        assert schedule.versions.count() == 1
        assert program.put(url, body | {"accept_gaps": True}, format="json").status_code == 200
        assert schedule.versions.count() == 2
        # What has nobody already is no new gap.
        assert program.put(url, body, format="json").status_code == 200

    def test_the_editor_asks_unless_the_preview_has_shown_it(
        self, schedule: Schedule, browser: Client, alice: User
    ) -> None:
        page = f"/on-call/{schedule.slug}/edit/"
        typed = shown(browser, page, page)
        typed |= {"effective_at": f"{timezone.now() + DAY:%Y-%m-%dT%H:%M}"}
        people = [name for name in typed if "-person_" in name and typed[name] == str(alice.pk)]
        assert people
        empty = typed | dict.fromkeys(people, "nobody")
        answer = browser.post(page, empty | {"do": "save"})
        said = answer.content.decode()
        assert answer.status_code == 422
        assert "Nobody would be on call in Payments primary from " in said
        assert "and I know it" in said
        assert schedule.versions.count() == 1
        assert browser.post(page, empty | {"do": "save", "gaps": "on"}).status_code == 302
        assert schedule.versions.count() == 2

    def test_what_a_preview_showed_is_saved(self, schedule: Schedule, browser: Client, alice: User) -> None:
        page = f"/on-call/{schedule.slug}/edit/"
        typed = shown(browser, page, page)
        people = [name for name in typed if "-person_" in name and typed[name] == str(alice.pk)]
        looked = browser.post(page, typed | dict.fromkeys(people, "nobody") | {"do": "preview"})
        assert "Nobody would be on call" in looked.content.decode()
        known = as_shown(looked.content.decode(), action=page)
        assert known["gaps_seen"]
        assert browser.post(page, known | dict.fromkeys(people, "nobody") | {"do": "save"}).status_code == 302
        assert schedule.versions.count() == 2

    def test_restoring_a_version_is_asked_about_as_well(
        self, schedule: Schedule, browser: Client, ada: User
    ) -> None:
        (full,) = operations.specs_of(schedule.layers.all())
        nobody = replace(full, participants=[None])
        operations.save_layers(schedule, layers=[nobody], actor=None)
        operations.save_layers(schedule, layers=[full], actor=None)
        action = f"/on-call/{schedule.slug}/versions/2/restore/"
        typed = shown(browser, f"/on-call/{schedule.slug}/versions/2/", action)
        assert "gaps" not in typed
        said = browser.post(action, typed)
        assert said.status_code == 422
        assert "Nobody would be on call in Payments primary from " in said.content.decode()
        assert "and I know it" in said.content.decode()
        program, url = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/versions/2/restore/"
        assert program.post(url, {}, format="json").status_code == 409
        assert schedule.versions.count() == 3
        assert program.post(url, {"accept_gaps": True}, format="json").json()["restored_from"] == 2
        # What has nobody already is no new gap, and one that closes it never is.
        assert program.post(url, {}, format="json").status_code == 200
        assert program.post(url.replace("/2/", "/1/"), {}, format="json").status_code == 200
        again = shown(browser, f"/on-call/{schedule.slug}/versions/2/", action)
        assert browser.post(action, again | {"gaps": "on"}).status_code == 302
        assert schedule.versions.count() == 7
