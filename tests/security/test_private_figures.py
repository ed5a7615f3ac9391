"""Figures, streams, messages, logs and comings and goings say nothing of a private incident (X-22 to X-25, X-27, X-29)."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.db import transaction
from django.test import Client

from core.accounts.models import User
from core.live import registry as live
from core.live import views
from core.outbox.models import Message
from core.outbox.registry import client as client_of
from incidents.lifecycle import operations as lifecycle
from incidents.models import AudienceList, AudienceMember, Incident
from tests import cast
from tests.security import canary
from tests.security.addresses import all_of_them
from tests.security.canary import WORDS
from tests.security.values import Values, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _undone(values: Values) -> Iterator[None]:
    """Whatever a test declares is taken back at its end; the company stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def found(text: str) -> list[str]:
    return [word for word in WORDS.values() if word in text]


CHANGING = r"[0-9A-Za-z]{32,}|[0-9a-f]{16}|\d{4}-\d\d-\d\dT[\d:.]+|\d+:\d\d(:\d\d)?"
MOVING = ("live:", "stack:", "admin:", "account_", "people:", "tokens:", "api:schema", "api:docs")
"""They show no incident, move with the clock, or are looked at by the sweep of words."""


def lists(client: Client) -> dict[str, str]:
    """Give every list and figure there is, as they stand."""
    seen = {}
    for address in all_of_them():
        if address.parameters or address.name.startswith(MOVING):
            continue
        with transaction.atomic():
            answer = client.get(address.pattern)
            content = b"" if answer.streaming else answer.content
            transaction.set_rollback(True)
        seen[address.pattern] = re.sub(
            CHANGING, "", f"{answer.status_code} {content.decode(errors='replace')}"
        )
    return seen


@pytest.mark.timeout(240)
def test_every_list_is_the_same_with_and_without_it(values: Values) -> None:
    """What the clock alone changes differs between the first and the last look as well, and is left out.

    An admin looks: nobody else sees more lists.
    """
    client = browser(Client(), values.admin)
    cast.service("Canary keys")
    before = lists(client)
    with transaction.atomic():
        cast.severity("SEV1")
        secret = lifecycle.declare(
            title=WORDS["title"], actor=values.responder, private=True, severity=cast.severity("SEV1"),
            services=[cast.service("Canary keys")],
        )  # fmt: skip
        lifecycle.add_entry(secret, kind="note", text=WORDS["note"], actor=values.responder)
        lifecycle.resolve(secret, actor=values.responder)
        canary.report_of(secret, values.responder)
        during = lists(client)
        transaction.set_rollback(True)
    after = lists(client)
    still = {path for path, text in before.items() if after[path] == text}
    assert len(still) > 0.75 * len(before), sorted(set(before) - still)
    changed = [path for path in sorted(still) if during[path] != before[path]]
    assert changed == [], changed


def test_no_message_to_an_outsider_holds_a_word(values: Values) -> None:
    for row in AudienceList.objects.all():
        AudienceMember.objects.get_or_create(audience=row, user=values.viewer)
    first = Message.objects.latest("pk").pk
    secret = canary.plant(values)
    members = set(secret.incident.participants.values_list("user_id", flat=True)) | {secret.former.pk}
    outside = aloud = 0
    for message in Message.objects.filter(pk__gt=first):
        client = client_of(message.client)
        text = f"{message.content} {client.render(message) if client else ''}"
        if message.user_id not in members:
            outside += 1
            assert found(text) == [], (message.client, message.channel)
        elif message.channel != "email":
            aloud += 1
            assert found(text) == [], (message.client, message.channel)
    assert outside > 0


def test_neither_logs_nor_metrics_nor_redis_hold_a_word(
    values: Values, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=10)
    with server.monitor() as heard:  # type: ignore[no-untyped-call]
        with django_capture_on_commit_callbacks(execute=True):
            secret = canary.plant(values)
            for who in (values.responder, values.admin):
                client = browser(Client(), who)
                for url in secret.every():
                    if url.endswith(("/", ".md")) and "/edit/" not in url:
                        client.get(url)
        commands: list[str] = []
        while not any(f"incident-{secret.incident.pk}" in command for command in commands):
            commands.append(str(heard.next_command()["command"]))
        server.ping()
        while commands[-1] != "PING":
            commands.append(str(heard.next_command()["command"]))
    assert found(" ".join(commands)) == []
    assert len(caplog.records) > 10
    assert [record.getMessage() for record in caplog.records if found(record.getMessage()) and "sql" not in record.name and "db.backends" not in record.name] == []  # fmt: skip
    assert found(Client().get("/metrics").content.decode()) == []


def test_a_flip_is_seen_by_the_next_look_and_asks_before_it_opens(values: Values) -> None:
    lead, viewer = values.responder, browser(Client(), values.viewer)
    incident = cast.incident(WORDS["title"], by=lead)
    own = f"/api/v1/incidents/{incident}/"
    shown = {
        "/incidents/": WORDS["title"],
        f"/incidents/{incident}/": WORDS["title"],
        own: WORDS["title"],
        f"/search/?q={WORDS['title']}": str(incident),
    }

    def seen(etag: str = "") -> list[bool]:
        headers = {"If-None-Match": etag} if etag else {}
        return [mark in viewer.get(path, headers=headers).content.decode() for path, mark in shown.items()]

    assert seen() == [True] * 4
    etag = viewer.get(own)["ETag"]
    lifecycle.set_private(incident, private=True, actor=lead)
    assert seen(etag) == [False] * 4
    assert viewer.get(own, headers={"If-None-Match": etag}).status_code == 404
    member = browser(Client(), lead)
    asked = member.get(f"/incidents/{incident}/edit/make-visible/").content.decode()
    assert "Everybody who works here will see the whole room" in asked
    assert member.post(f"/incidents/{incident}/edit/make-visible/").status_code == 422
    assert seen() == [False] * 4
    member.post(f"/incidents/{incident}/edit/make-visible/", {"sure": "on"})
    assert seen() == [True] * 4


def test_seeing_it_follows_who_takes_part(values: Values) -> None:
    lead, other = values.responder, User.objects.filter(role="responder").latest("pk")
    incident = cast.incident(WORDS["title"], by=lead, private=True)

    def sees() -> bool:
        return Incident.objects.visible_to(other).filter(pk=incident.pk).exists()

    told = [sees()]
    lifecycle.invite(incident, user=other, actor=lead)
    told.append(sees())
    other.role = "viewer"
    other.save()
    told.append(sees())
    lifecycle.leave(incident, user=other, actor=lead)
    told.append(sees())
    cast.team("Payments").memberships.get_or_create(user=other)
    told.append(sees())
    lifecycle.resolve(incident, actor=lead)
    lifecycle.reopen(incident, reason="Again", actor=lead)
    told.append(sees())
    lifecycle.set_private(incident, private=False, actor=lead)
    told.append(sees())
    assert told == [False, True, True, False, False, False, True]


def test_whoever_leaves_hears_no_more_of_it(values: Values, django_capture_on_commit_callbacks: Any) -> None:
    """Streams ask again at once when `visibility` is said, and every ten seconds without."""
    lead, other = values.responder, User.objects.filter(role="responder").latest("pk")
    incident = cast.incident(WORDS["title"], by=lead, private=True)
    topic = f"incident-{incident.pk}"
    lifecycle.invite(incident, user=other, actor=lead)
    assert live.may_hear(other, topic)
    with django_capture_on_commit_callbacks() as said:
        lifecycle.leave(incident, user=other, actor=lead)
    assert not live.may_hear(other, topic)
    topics = {topic for call in said for topic in getattr(call, "args", ((),))[0]}
    assert "visibility" in topics
    assert views.CHECK_SECONDS + views.BEAT_SECONDS / 3 <= 15
