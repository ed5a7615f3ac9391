from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from core.events.models import Event
from core.outbox import draining
from core.outbox.models import Message
from core.tokens import operations as tokens
from oncall.alerts.models import CANARY, Alert, Integration, Signal
from oncall.canary import operations, queries
from oncall.models import Escalation, Page, Route
from tests import cast

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.peers import WebhookSink

SLOT = 29_000_000


def take_in(slot: int = SLOT) -> None:
    """Put the canary into the inbox as the door does, without a web process."""
    operations._source()
    Signal.objects.create(
        integration=Integration.objects.get(kind=CANARY),
        kind=CANARY,
        request_key=queries.dedup_key(slot),
        content_type="application/json",
        body=json.dumps({"title": "Canary page", "dedup_key": queries.dedup_key(slot)}).encode(),
    )


@pytest.mark.django_db(transaction=True)
class TestTheWay:
    def test_it_goes_the_way_of_any_page_and_reaches_nobody(self) -> None:
        ada = cast.ada()
        take_in()
        draining.drain(kind="pagerd")
        (page,) = Page.objects.all()
        assert (page.user, page.status) == (None, "sent")
        assert page.escalation is not None
        assert page.escalation.alert is not None
        assert page.escalation.alert.routed_by == "the product's own test page"
        (message,) = Message.objects.all()
        assert (message.channel, message.lane, message.state, message.user) == ("null", 0, "accepted", None)
        assert queries.arrived(SLOT) == page.sent_at
        assert queries.arrived(SLOT + 1) is None
        assert ada.pages.count() == 0

    def test_a_route_for_everything_does_not_catch_it(self) -> None:
        bob, service = cast.bob(), cast.service()
        Route.objects.create(
            name="All", service=service, policy=cast.policy((60, [bob]), is_default=True), urgency="low"
        )
        take_in()
        draining.drain(kind="pagerd")
        assert Alert.objects.get().service is None
        assert bob.pages.count() == 0
        assert queries.arrived(SLOT) is not None

    def test_nothing_is_left_of_it(self) -> None:
        take_in(SLOT)
        take_in(SLOT + 1)
        draining.drain(kind="pagerd")
        operations.forget([SLOT])
        assert queries.arrived(SLOT) is None
        assert queries.arrived(SLOT + 1) is not None
        operations.forget([SLOT + 1])
        for model in (Alert, Escalation, Page, Message, Signal):
            assert model._default_manager.count() == 0, model

    def test_what_is_real_stays(self) -> None:
        alert = cast.alert(key=queries.dedup_key(SLOT))
        cast.escalation(alert, cast.policy((60, [cast.bob()])))
        draining.drain(kind="pagerd")
        operations.forget([SLOT])
        assert Alert.objects.get() == alert
        assert Page.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestHidden:
    def test_nobody_sees_any_of_it(self) -> None:
        ada = cast.ada()
        before = Event.objects.count()
        take_in()
        draining.drain(kind="pagerd")
        client = cast.sign_in(Client(), ada)
        with transaction.atomic():
            _, secret = tokens.create(ada, name="x", scopes=["read", "admin"])
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        for path in ("/", "/alerts/", "/alerts/?show=open", "/integrations/", "/audit/", "/escalation/"):
            text = client.get(path).content.decode().lower()
            assert "canary" not in text, path
        assert "0 events in 24 h became 0 alerts, 0 pages" in client.get("/alerts/").content.decode()
        for name in ("alerts", "pages", "integrations", "escalation-policies"):
            assert api.get(f"/api/v1/{name}/").json()["results"] == [], name
        assert client.get(f"/alerts/{Alert.objects.get().pk}/").status_code == 404
        assert client.get(f"/integrations/{Integration.objects.get().pk}/").status_code == 404
        names = set(Event.objects.order_by("id").values_list("name", flat=True)[before:])
        assert {name for name in names if not name.startswith(("token.", "user."))} == set()

    def test_nobody_can_choose_its_channel(self) -> None:
        text = cast.sign_in(Client(), cast.bob()).get("/me/notifications/").content.decode()
        assert 'value="null"' not in text

    def test_it_is_no_kind_of_source_that_people_make(self) -> None:
        text = cast.sign_in(Client(), cast.ada()).get("/integrations/new/").content.decode().lower()
        assert "canary" not in text


@pytest.mark.django_db
class TestSending:
    def test_it_is_posted_with_the_key_of_its_source(
        self, settings: Settings, webhook_sink: WebhookSink
    ) -> None:
        settings.WEB_URL = webhook_sink.url.removesuffix("/hook")
        operations.send(SLOT)
        operations.send(SLOT)
        assert Integration.objects.filter(kind=CANARY).count() == 1
        first, second = webhook_sink.requests
        assert first.body == second.body
        assert json.loads(first.body)["dedup_key"] == f"canary-{SLOT}"

    def test_a_web_process_that_does_not_take_it_is_an_error(
        self, settings: Settings, webhook_sink: WebhookSink
    ) -> None:
        settings.WEB_URL = webhook_sink.url.removesuffix("/hook")
        webhook_sink.answer(503)
        with pytest.raises(operations.NotTaken, match="the web process answered 503"):
            operations.send(SLOT)
