from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config.urls import urlpatterns as product
from core.accounts.policy import public
from tests.core.ui.test_middleware import broken

if TYPE_CHECKING:
    from django.http import HttpRequest


@public
def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


@public
def senseless(request: HttpRequest) -> HttpResponse:
    raise BadRequest


@public
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sent")


urlpatterns = [
    *product,
    path("forbidden/", forbidden),
    path("senseless/", senseless),
    path("form/", form),
    path("broken/", broken),
]
handler400 = "core.ui.views.bad_request"
handler403 = "core.ui.views.forbidden"
handler404 = "core.ui.views.not_found"
handler500 = "core.ui.views.server_error"
urls = override_settings(ROOT_URLCONF="tests.core.ui.test_views")


@urls
@pytest.mark.parametrize(
    ("address", "status", "heading"),
    [
        ("/senseless/", 400, "That request makes no sense here"),
        ("/forbidden/", 403, "You may not do that"),
        ("/nowhere/", 404, "There is nothing here"),
        ("/broken/", 500, "Watchbill failed here"),
    ],
)
def test_each_error_has_a_page_in_plain_words(address: str, status: int, heading: str) -> None:
    answer = Client(raise_request_exception=False).get(address)
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in answer.content.decode()


@urls
def test_a_form_without_its_token_is_refused_in_plain_words() -> None:
    answer = Client(enforce_csrf_checks=True).post("/form/")
    assert answer.status_code == 403
    assert "<h1>The form was not accepted</h1>" in answer.content.decode()


@pytest.mark.parametrize("chosen", ["light", "dark", "system"])
def test_a_theme_is_kept_and_the_page_comes_back_in_it(chosen: str) -> None:
    client = Client()
    answer = client.post("/theme/", {"theme": chosen, "next": "/nowhere/?page=2"})
    assert (answer.status_code, answer["Location"]) == (302, "/nowhere/?page=2")
    cookie = answer.cookies["theme"]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == (chosen, "Lax", True)
    page = client.get("/nowhere/").content.decode()
    assert (f'data-theme="{chosen}"' in page) is (chosen != "system")


def test_an_unknown_theme_changes_nothing_and_another_site_is_never_gone_to() -> None:
    answer = Client().post("/theme/", {"theme": "x", "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert "theme" not in answer.cookies


def test_a_theme_is_not_chosen_by_a_link() -> None:
    assert Client().get("/theme/").status_code == 405


@pytest.mark.parametrize("address", ["/more/", "/kit/"])
def test_the_shells_own_pages_are_for_people_who_signed_in(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 302
    assert "next=" in answer["Location"]
