from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.net import fetching, http
from tests.http_peer import Answer
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site().start()
    yield server
    server.stop()
    http.hang_up()


def get(url: str) -> http.Response:
    return fetching.get(url, most_bytes=1000, headers={"If-None-Match": '"a"'})


def test_three_redirects_are_followed_and_no_fourth(site: Site) -> None:
    site.pages["/d"] = Answer(200, "here")
    for path, to in {"/a": "/b", "/b": f"{site.url}/c", "/c": "d"}.items():
        site.redirect(path, to=to)
    assert get(f"{site.url}/a").body == b"here"
    assert [request.path for request in site.requests] == ["/a", "/b", "/c", "/d"]
    assert site.requests[-1].headers["if-none-match"] == '"a"'
    site.redirect("/d", to="/e")
    with pytest.raises(http.Blocked, match="more than 3 times"):
        get(f"{site.url}/a")
    assert site.requests[-1].path == "/d"


def test_each_address_on_the_way_is_checked(site: Site, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    for to in ("http://127.0.0.2/", "http://169.254.169.254/latest/", "http://[::1]/", "ftp://127.0.0.1/"):
        site.redirect("/a", to=to)
        with pytest.raises(http.Blocked):
            get(f"{site.url}/a")


def test_what_was_asked_for_in_secret_is_not_fetched_in_the_open() -> None:
    with pytest.raises(http.Blocked, match="from https"):
        fetching._next("https://calendar.example/a", "http://calendar.example/a")
    assert fetching._next("https://calendar.example/a/b", "c") == "https://calendar.example/a/c"


def test_other_answers_are_given_as_they_are(site: Site) -> None:
    assert get(f"{site.url}/absent").status == 404
    site.pages["/odd"] = Answer(302, "no address")
    assert get(f"{site.url}/odd").status == 302
    site.pages["/long"] = Answer(200, "x" * 1001)
    with pytest.raises(http.TooLarge):
        get(f"{site.url}/long")
