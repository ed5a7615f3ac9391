"""One look at every address: who may come in, what a stranger's form can do, and that looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client

from core.api.permissions import Denied
from tests.security.addresses import Address, all_of_them
from tests.security.values import Values, browser

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

pytestmark = pytest.mark.django_db

PUBLIC = {
    "account_login": "the door",
    "account_inactive": "says why the door stays shut",
    "account_reset_password": "who forgot the password cannot sign in",
    "account_reset_password_done": "who forgot the password cannot sign in",
    "account_reset_password_from_key": "a signed link that was sent by mail",
    "people:accept": "a secret link that was sent by mail",
    "statuspage:index": "for customers",
    "statuspage:history": "for customers",
    "statuspage:notice": "for customers",
    "statuspage:summary-json": "for customers",
    "statuspage:status-json": "for customers",
    "statuspage:components-json": "for customers",
    "statuspage:incidents-json": "for customers",
    "statuspage:unresolved-json": "for customers",
    "statuspage:atom": "for customers",
    "oncall:calendar-feed": "a calendar has no session; the secret in the address is the proof",
    "oncall:now-as-text": "a terminal has no session; the secret in the address is the proof",
    "oncall:now-as-twiml": "Twilio has no session; the secret in the address is the proof",
    "oncall:page": "a signed link to one page, for one person who was woken",
    "oncall:cover": "a signed link to one request, for one person who may take a shift",
    "incidents:unsubscribe": "a signed link that ends one subscription; a mail program has no session",
    "oncall:page-region": "the living part of that page",
    "callbacks:pushover": "Pushover has no session; the receipt that it gave us proves who it is",
    "callbacks:slack": "Slack has no session; it signs what it posts",
    "callbacks:telegram": "Telegram has no session; it sends the secret that was agreed",
    "callbacks:discord": "Discord has no session; it signs what it posts",
    "callbacks:mattermost": "Mattermost has no session; it sends the token of the one message",
    "callbacks:sms-status": "Twilio has no session; it signs what it posts",
    "callbacks:voice-status": "Twilio has no session; it signs what it posts",
    "callbacks:voice-keys": "Twilio has no session; it signs what it posts",
    "callbacks:sms-reply": "Twilio has no session; it signs what it posts",
    "callbacks:gateway-sms-reply": "a gateway has no session; it signs what it posts",
    "callbacks:gateway-sms-status": "a gateway has no session; it signs what it posts",
    "callbacks:gateway-voice-call": "a gateway has no session; it signs what it posts",
    "oncall:digest": "a signed link to the pages that one person was sent together",
    "live:stream": "asks for the session itself: a redirect would mean nothing to an EventSource",
    "live:here": "what was signed for one open page is the proof; it keeps what the stream gave, and gives nothing",
    "stack:live": "probes have no session",
    "stack:ready": "probes have no session",
    "stack:pager": "probes have no session",
    "stack:paging": "probes have no session",
    "stack:metrics": "Prometheus has no session",
    "stack:setup": "there is nobody yet who could sign in; gone as soon as there is",
    "ui:worker": "a script without anything of anybody; a page on a phone needs no sign-in",
    "ui:theme": "a cookie in one's own browser",
}
"""Every address that strangers reach, and why."""

WITHOUT_CSRF = {
    "oncall:now-as-twiml": "Twilio asks by POST, which changes nothing",
    "oncall:page": "the token in the address is the proof, and a mail client may send the form",
    "oncall:cover": "the token in the address is the proof, as with a page",
    "incidents:unsubscribe": "the token in the address is the proof, and mail providers post it (RFC 8058)",
    "callbacks:pushover": "the receipt, which the provider told us alone, is the proof",
    "callbacks:slack": "the provider's signature is the proof",
    "callbacks:telegram": "the secret that was agreed with the provider is the proof",
    "callbacks:discord": "the provider's signature is the proof",
    "callbacks:mattermost": "the token of the one message is the proof",
    "callbacks:sms-status": "the provider's signature is the proof",
    "callbacks:voice-status": "the provider's signature is the proof",
    "callbacks:voice-keys": "the provider's signature is the proof",
    "callbacks:sms-reply": "the provider's signature is the proof",
    "callbacks:gateway-sms-reply": "the provider's signature is the proof",
    "callbacks:gateway-sms-status": "the provider's signature is the proof",
    "callbacks:gateway-voice-call": "the provider's signature is the proof",
    "oncall:digest": "the token in the address is the proof, as with a page",
}
"""Every address that takes a form without the token that proves it came from our page, and why."""

OWN = {
    "account_logout": "their own session",
    "account_reauthenticate": "their own password",
    "people:me": "their own profile",
    "people:password": "their own password",
    "people:end-session": "their own browsers",
    "people:end-other-sessions": "their own browsers",
    "tokens:index": "their own tokens",
    "tokens:revoke": "their own tokens",
    "oncall:send-test-page": "a page to themselves",
    "oncall:add-method": "how they are reached",
    "oncall:add-browser": "how they are reached",
    "oncall:add-default-method": "how they are reached",
    "oncall:verify-method": "how they are reached",
    "oncall:send-code": "how they are reached",
    "oncall:switch-method": "how they are reached",
    "oncall:take-calls": "how they are reached",
    "oncall:remove-method": "how they are reached",
    "oncall:add-rule": "when they are reached",
    "oncall:remove-rule": "when they are reached",
    "oncall:add-quiet-hours": "when they are reached",
    "oncall:remove-quiet-hours": "when they are reached",
    "oncall:add-holiday": "when they are reached",
    "oncall:remove-holiday": "when they are reached",
    "oncall:add-absence": "when they are away",
    "oncall:remove-absence": "when they are away",
    "oncall:add-absence-calendar": "when they are away",
    "oncall:remove-absence-calendar": "when they are away",
    "oncall:holiday-region": "when they are away",
    "oncall:weekly-summary": "when they get their summary",
    "incidents:subscribe": "their own mails",
    "incidents:end-my-subscription": "their own mails",
    "incident-subscription-list": "their own mails; others need who has communications",
    "oncall:calendar-addresses": "their own addresses",
    "oncall:revoke-calendar-address": "their own addresses",
}
"""Every address at which anybody who is signed in may write, because it is about themselves."""

PROBES = {"stack:live", "stack:ready", "stack:pager", "stack:paging", "stack:metrics"}
"""Answered ahead of sessions and forms; they take no other method than GET."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Referrer-Policy": "",
    "Cache-Control": "",
}
SAVED = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
"""What people gave, or what is to be saved: opened all the same, it runs nothing."""
SECRET_ADDRESSES = (
    "/p/",
    "/cover/",
    "/calendars/",
    "/unsubscribe/",
    "/on-call-now/",
    "/invitations/",
    "/accounts/password/reset/{uid}",
)


def test_every_view_has_a_declared_policy() -> None:
    undeclared = []
    for address in all_of_them():
        if address.is_api:
            permissions = address.view.cls.permission_classes  # type: ignore[attr-defined]
            named = permissions and Denied not in permissions
        else:
            named = not address.is_public or address.name in PUBLIC
        if not named:
            undeclared.append(address.name)
    assert not undeclared, "these answer strangers without a reason in PUBLIC"
    public = {address.name for address in all_of_them() if address.is_public}
    assert set(PUBLIC) == public, "PUBLIC names an address that is not public"


def test_every_exemption_from_csrf_has_a_reason() -> None:
    exempt = {
        address.name
        for address in all_of_them()
        if getattr(address.view, "csrf_exempt", False) and not address.is_api
    }
    assert exempt == set(WITHOUT_CSRF)


def test_strangers_come_no_further_than_the_door(values: Values) -> None:
    stranger = Client()
    for address in all_of_them():
        if address.name in PUBLIC:
            continue
        for url in values.urls(address):
            for method in ("get", "post"):
                answer = getattr(stranger, method)(url)
                where = (method, url, answer.status_code)
                if address.pattern.startswith("/api/"):
                    assert answer.status_code == (401 if address.is_api else 302), where
                else:
                    assert answer.status_code == 302, where
                    assert answer["Location"].startswith("/accounts/login/?next="), where


def test_a_form_without_its_token_is_refused_everywhere(values: Values) -> None:
    client = browser(Client(enforce_csrf_checks=True), values.admin)
    tried = 0
    for address in all_of_them():
        for url in values.urls(address):
            for method in ("post", "put", "patch", "delete"):
                if address.name in WITHOUT_CSRF or address.name in PROBES:
                    continue
                answer = getattr(client, method)(url, {}, content_type="application/json")
                allowed = {403, 405} if address.is_api else {403}
                assert answer.status_code in allowed, (method, url, answer.status_code)
                tried += 1
    assert tried > 1000


def test_who_only_reads_writes_nothing(values: Values) -> None:
    """Every write is refused to a viewer, unless it is about themselves."""
    client = browser(Client(), values.viewer)
    for address in all_of_them():
        if address.name in PUBLIC or address.name in OWN or address.is_admin:
            continue
        for url in values.urls(address):
            for method in ("post", "put", "patch", "delete"):
                if "/users/me" in url:
                    continue
                with transaction.atomic():
                    before = _written()
                    answer = getattr(client, method)(url, {}, content_type="application/json")
                    after = _written()
                    transaction.set_rollback(True)
                assert answer.status_code in {403, 404, 405}, (method, url, answer.status_code)
                assert before == after, (method, url)


def _written() -> int:
    """How many rows this transaction has written so far, by Postgres' own count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_xact_user_tables"
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize(("kind", "least"), [("page", 300), ("api", 90), ("admin", 90)])
@pytest.mark.parametrize("who", ["admin", "viewer", "nobody"])
def test_looking_changes_nothing(values: Values, who: str, kind: str, least: int) -> None:
    """Every address is looked at in a transaction that Postgres itself keeps read-only."""
    client = Client() if who == "nobody" else browser(Client(), getattr(values, who))
    tried = 0
    for address in all_of_them():
        if address.name == "live:stream":
            continue  # it never ends; its own tests read it
        if kind != ("admin" if address.is_admin else "api" if address.is_api else "page"):
            continue
        for url in values.urls(address):
            # Programs and the admin know no fragments.
            for extra in ({},) if address.is_api or address.is_admin else ({}, {"HX-Request": "true"}):
                answer = _look(client, url, extra)
                if address.name in PROBES:
                    continue
                assert answer.status_code < 500, (url, extra, answer.status_code)
                if who == "admin" and not address.is_admin and not extra:
                    assert answer.status_code in {200, 302, 405} or address.name == "stack:setup", (
                        url,
                        answer.status_code,
                    )
                _check_headers(address, url, answer)
                tried += 1
    assert tried > least


def _look(client: Client, url: str, headers: dict[str, str]) -> HttpResponseBase:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set local transaction_read_only = on")
        answer = client.get(url, headers=headers)
        transaction.set_rollback(True)
    return answer


def _check_headers(address: Address, url: str, answer: HttpResponseBase) -> None:
    is_saved = answer.headers.get("Content-Disposition", "").startswith("attachment")
    for name, part in ({**HEADERS, **SAVED} if is_saved else HEADERS).items():
        assert part in answer.headers.get(name, "absent"), (url, name)
        assert answer.headers.get(name), (url, name)
    assert "unsafe" not in answer["Content-Security-Policy"]
    if address.pattern.startswith(SECRET_ADDRESSES):
        assert answer["Referrer-Policy"] == "no-referrer", url
    if not address.name.startswith("statuspage:") or address.name not in PUBLIC:
        assert "public" not in answer["Cache-Control"], url
