from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config.urls import urlpatterns as product
from core.accounts.policy import public
from core.errors import Refused
from core.ui import middleware

if TYPE_CHECKING:
    import pytest
    from django.http import HttpRequest


@public
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


@public
def shared(request: HttpRequest) -> HttpResponse:
    headers = {
        "Cache-Control": "public, max-age=30",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "x",
    }
    return HttpResponse("page", headers=headers)


@public
def refused(request: HttpRequest) -> HttpResponse:
    raise Refused("INC-12 is resolved already. <b>Reopen</b> it first.")


@public
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret-canary")


urlpatterns = [
    *product,
    path("page/", page),
    path("shared/", shared),
    path("refused/", refused),
    path("broken/", broken),
]
urls = override_settings(ROOT_URLCONF="tests.core.ui.test_middleware")


@urls
def test_every_answer_carries_the_content_policy_and_is_nobody_elses_to_keep() -> None:
    answer = Client().get("/page/")
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Permissions-Policy"].startswith("accelerometer=()")
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(answer["X-Request-Id"]) == 16


@urls
def test_a_view_may_be_cached_or_hide_its_address_but_not_loosen_the_content_policy() -> None:
    answer = Client().get("/shared/")
    assert answer["Cache-Control"] == "public, max-age=30"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Content-Security-Policy"] == middleware.CONTENT_SECURITY_POLICY


@urls
def test_a_refusal_is_a_page_with_its_reason_and_a_way_back() -> None:
    answer = Client().post("/refused/", headers={"referer": "http://testserver/page/"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "INC-12 is resolved already. &lt;b&gt;Reopen&lt;/b&gt; it first." in text
    assert 'href="http://testserver/page/">Go back' in text


@urls
def test_a_refusal_never_leads_to_another_site() -> None:
    answer = Client().post("/refused/", headers={"referer": "https://evil.example/"})
    assert b"evil.example" not in answer.content


@urls
def test_a_refusal_to_htmx_is_a_toast() -> None:
    answer = Client().post("/refused/", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert json.loads(answer["HX-Trigger"]) == {
        "toast": {"level": "error", "text": "INC-12 is resolved already. <b>Reopen</b> it first."}
    }
    assert answer.content == b""


@override_settings(ROOT_URLCONF="tests.core.ui.test_views")
def test_a_fault_shows_its_number_and_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/broken/")
    assert answer.status_code == 500
    assert b"secret-canary" not in answer.content
    assert answer["X-Request-Id"].encode() in answer.content
    assert f"request {answer['X-Request-Id']} failed: GET /broken/" in caplog.text
