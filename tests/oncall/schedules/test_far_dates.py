"""Dates that nobody means: each is refused or answered, and none is an error of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from oncall.models import Absence, Override
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
FAR = ("0001-01-01T00:00", "9999-12-31T23:59")


@pytest.fixture
def schedule(alice: User) -> Schedule:
    return cast.always(alice)


@pytest.fixture
def browser(ada: User) -> Client:
    return cast.sign_in(Client(raise_request_exception=False), ada)


@pytest.mark.parametrize("when", FAR)
@pytest.mark.parametrize("what", ["preview", "save"])
def test_an_edit_far_away_is_refused(schedule: Schedule, browser: Client, when: str, what: str) -> None:
    page = f"/on-call/{schedule.slug}/edit/"
    typed = as_shown(browser.get(page).content.decode(), action=page) | {"effective_at": when, "do": what}
    assert browser.post(page, typed).status_code == 422
    assert schedule.versions.count() == 1


@pytest.mark.parametrize("zone", ["schedule", "utc", "mine"])
def test_a_cover_far_away_is_refused(
    schedule: Schedule, browser: Client, ada: User, alice: User, bob: User, zone: str
) -> None:
    type(ada).objects.filter(pk=ada.pk).update(time_zone="Pacific/Kiritimati")
    for start, end in (FAR, (FAR[1], FAR[1]), ("2026-12-01T00:00", FAR[1])):
        for path in ("overrides/", "-/cover/"):
            answer = browser.post(
                f"/on-call/{schedule.slug}/{path}?zone={zone}",
                {"start": start, "end": end, "user": bob.pk, "reason": ""},
            )
            assert answer.status_code < 500, (path, start, end)
    assert browser.get(f"/on-call/{schedule.slug}/").status_code == 200
    assert Override.objects.filter(end__year__gt=3000).count() == 0


def test_an_absence_far_away_is_refused(browser: Client, ada: User) -> None:
    type(ada).objects.filter(pk=ada.pk).update(time_zone="America/Los_Angeles")
    for start, end in (FAR, ("2026-12-01T00:00", FAR[1]), ("2026-12-01", "9999-12-31")):
        answer = browser.post("/me/absences/add/", {"start": start, "end": end, "note": "x"})
        assert answer.status_code < 500, (start, end)
    assert browser.get("/me/absences/").status_code == 200
    assert Absence.objects.filter(end__year__gt=3000).count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/on-call/{}/?from=9999-12-31",
        "/on-call/{}/?from=0001-01-01&view=month",
        "/on-call/{}/?from=9999-12-31&zone=mine&view=list",
        "/on-call/{}/-/shift/?at=0001-01-01T00:00:00Z",
        "/on-call/{}/-/cover/?start=9999-12-31T23:59:00Z&end=9999-12-31T23:59:00Z",
        "/on-call/{}/edit/?reach=1&start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:00Z",
        "/teams/payments/load/weeks/?from=9999-12&to=9999-12",
        "/teams/payments/load/?from=0001-01-01&to=0001-01-02",
        "/on-call/-/reliance/?from=9999-12-31",
    ],
)
def test_looking_far_away_is_answered(schedule: Schedule, browser: Client, ada: User, path: str) -> None:
    type(ada).objects.filter(pk=ada.pk).update(time_zone="Pacific/Kiritimati")
    assert browser.get(path.format(schedule.slug)).status_code in {200, 302, 400, 404, 422}


@pytest.mark.parametrize("far", ["1900-01-01T00:00:00Z", "8999-12-31T00:00:00Z"])
def test_programs_are_answered_too(schedule: Schedule, ada: User, far: str) -> None:
    program, url = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/"
    assert program.get(f"{url}on-call/?at={far}").status_code in {200, 400}
    assert program.get(f"{url}shifts/?from={far}&to={far}").status_code == 400
    (layer,) = program.get(url).json()["layers"]
    body = {"layers": [{k: v for k, v in layer.items() if v is not None}], "effective_at": far}
    assert program.post(f"{url}preview/", body, format="json").status_code in {200, 400, 409}
