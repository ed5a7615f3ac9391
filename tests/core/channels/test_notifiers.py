"""What ntfy, Gotify and Pushover are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.channels import callback, registry
from core.channels.gotify import transport as gotify
from core.channels.ntfy import transport as ntfy
from core.channels.pushover import transport as pushover
from core.channels.registry import Content, Delivery, Permanent, Temporary
from tests.core.channels.conftest import CODE, PAGE
from tests.core.channels.services import TOKEN, Gotify, Ntfy, Pushover, Service

if TYPE_CHECKING:
    from pytest_django import Settings

Serve = Callable[[type[Service]], Service]
LOW = replace(PAGE, data={"type": "page", "urgency": "low"})
TAKEN = replace(
    PAGE, subject="Acknowledged by Bob: 5xx", data={**PAGE.data, "state": "acknowledged"}, code=""
)
DIGEST = replace(PAGE, data={"type": "digest"}, code="")


def delivery(
    address: str, content: Content = PAGE, *, key: str = "page-1-0", resent: bool = False
) -> Delivery:
    return Delivery(key, address, TOKEN, content, resent=resent, timeout=20)


class TestNtfy:
    def test_it_has_a_button_that_acknowledges_and_one_that_opens(self, serve: Serve) -> None:
        service = serve(Ntfy)
        ntfy.send(delivery(f"{service.url}/oncall-alice"))
        said = service.calls[0].said
        assert (said["topic"], said["title"], said["click"]) == ("oncall-alice", PAGE.subject, PAGE.url)
        assert said["message"].startswith("High urgency.\nSince 02:41 CET.\n@all")
        assert said["actions"] == [
            {
                "action": "http",
                "label": "Acknowledge",
                "url": "https://w.example/p/x/",
                "method": "POST",
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
                "body": "action=acknowledge",
                "clear": True,
            },
            {"action": "view", "label": "Open", "url": "https://w.example/p/x/"},
        ]

    def test_one_sent_again_takes_the_place_of_the_first(self, serve: Serve) -> None:
        service = serve(Ntfy)
        address = f"{service.url}/oncall-alice"
        first = ntfy.send(delivery(address))
        assert ntfy.send(delivery(address, resent=True)) == first
        assert ntfy.send(delivery(address, key="page-2-0")) != first
        assert isinstance(service, Ntfy)
        assert [said["title"][-8:] for said in service.shown.values()] == ["(resent)", "s woken."]

    def test_what_became_of_it_takes_its_place_without_a_sound(self, serve: Serve) -> None:
        service = serve(Ntfy)
        assert isinstance(service, Ntfy)
        address = f"{service.url}/oncall-alice"
        sent = ntfy.send(delivery(address))
        ntfy.edit(replace(delivery(address, TAKEN, key="edit-1-1"), provider_id=sent.provider_id))
        (shown,) = service.shown.values()
        assert (shown["title"], shown["priority"]) == ("Acknowledged by Bob: 5xx", 2)
        assert [action["label"] for action in shown["actions"]] == ["Open"]

    @pytest.mark.parametrize(("content", "priority"), [(PAGE, 5), (LOW, 3), (DIGEST, 3), (CODE, 3)])
    def test_what_is_urgent_breaks_through(self, content: Content, priority: int) -> None:
        assert ntfy.compose(delivery("x", content))["priority"] == priority

    def test_what_cannot_be_acknowledged_can_be_opened_at_most(self) -> None:
        assert [action["label"] for action in ntfy.compose(delivery("x", DIGEST))["actions"]] == ["Open"]
        assert "actions" not in ntfy.compose(delivery("x", CODE))

    def test_a_long_text_stays_a_message(self) -> None:
        long = replace(PAGE, text="5xx\n\n" + "ä€𝄞" * 2000)
        assert len(ntfy.compose(delivery("x", long))["message"].encode()) <= 4096

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("https://ntfy.sh/my-topic/", "https://ntfy.sh/my-topic"),
            ("https://ntfy.sh/", ""),
            ("https://ntfy.sh/a/b", ""),
            ("https://ntfy.sh/topic?auth=x", ""),
            ("https://me:pw@ntfy.sh/topic", ""),
        ],
    )
    def test_its_address_is_a_topic(self, given: str, kept: str) -> None:
        if kept:
            assert ntfy.check_address(given) == kept
        else:
            with pytest.raises(ValueError, match=r"topic|password"):
                ntfy.check_address(given)


class TestGotify:
    def test_it_is_told_in_its_own_form(self, serve: Serve) -> None:
        service = serve(Gotify)
        assert gotify.send(delivery(f"{service.url}/push")).provider_id == "1"
        said = service.calls[0].said
        assert said["title"] == PAGE.subject
        assert said["message"] == (
            "High urgency\\.  \nSince 02\\:41 CET\\.\n\n"
            "\\@all \\*see\\* \\[here\\]\\(https\\:\\/\\/evil\\.example\\/\\)\n\n"
            "[Open, acknowledge or pass on](<https://w.example/p/x/>)"
        )
        assert said["extras"] == {
            "client::display": {"contentType": "text/markdown"},
            "client::notification": {"click": {"url": "https://w.example/p/x/"}},
        }

    @pytest.mark.parametrize(("content", "priority"), [(PAGE, 8), (LOW, 5), (DIGEST, 5), (CODE, 5)])
    def test_what_is_urgent_rings(self, content: Content, priority: int) -> None:
        assert gotify.compose(delivery("x", content))["priority"] == priority

    def test_its_address_is_a_server(self) -> None:
        assert gotify.check_address(" https://Gotify.example/push/ ") == "https://gotify.example/push"
        with pytest.raises(ValueError, match="server alone"):
            gotify.check_address("https://gotify.example/message?token=A1")


class TestPushover:
    def test_an_urgent_page_is_repeated_until_it_is_acknowledged(self, serve: Serve) -> None:
        service = serve(Pushover)
        sent = pushover.send(delivery(Pushover.KEY))
        assert (sent.provider_id, sent.receipt_seconds) == ("r" + "1".zfill(29), None)
        said = service.calls[0].said
        assert said["user"] == Pushover.KEY
        assert {name: said[name] for name in ("priority", "retry", "expire")} == {
            "priority": "2",
            "retry": "60",
            "expire": "3600",
        }
        assert said["callback"] == f"http://127.0.0.1:8000/callbacks/pushover/{callback.name('page-1-0')}/"
        assert (said["url"], said["url_title"]) == (PAGE.url, "Open, acknowledge or pass on")

    @pytest.mark.parametrize("content", [LOW, DIGEST, CODE])
    def test_anything_else_is_told_once(self, serve: Serve, content: Content) -> None:
        service = serve(Pushover)
        assert pushover.send(delivery(Pushover.KEY, content)).provider_id == ""
        said = service.calls[0].said
        assert said["priority"] == "0"
        assert not {"retry", "expire", "callback"} & said.keys()

    def test_it_is_repeated_no_more_once_somebody_has_it(self, serve: Serve) -> None:
        service = serve(Pushover)
        assert isinstance(service, Pushover)
        receipt = pushover.send(delivery(Pushover.KEY)).provider_id
        pushover.edit(replace(delivery(Pushover.KEY, PAGE, key="edit-1-1"), provider_id=receipt))
        assert service.cancelled == []
        pushover.edit(replace(delivery(Pushover.KEY, TAKEN, key="edit-1-2"), provider_id=receipt))
        assert service.cancelled == [receipt]
        pushover.edit(replace(delivery(Pushover.KEY, TAKEN, key="edit-1-3"), provider_id="long-over"))
        service.refuse(503)
        with pytest.raises(Temporary, match="HTTP 503"):
            pushover.edit(replace(delivery(Pushover.KEY, TAKEN, key="edit-1-2"), provider_id=receipt))

    def test_a_person_it_does_not_know_is_refused_for_good(self, serve: Serve) -> None:
        serve(Pushover)
        with pytest.raises(Permanent, match="not a valid user"):
            pushover.send(delivery("x" * 30))

    def test_its_address_is_a_key(self, settings: Settings) -> None:
        assert pushover.check_address(f" {Pushover.KEY} ") == Pushover.KEY
        assert registry.get("pushover").hint(Pushover.KEY) == "•••VRsG"
        with pytest.raises(ValueError, match="30 letters"):
            pushover.check_address("alice@example.com")
