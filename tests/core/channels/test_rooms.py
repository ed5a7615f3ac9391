"""What Microsoft Teams, Google Chat and Matrix are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.channels import registry
from core.channels.google_chat import transport as google_chat
from core.channels.matrix import transport as matrix
from core.channels.registry import Content, Delivery, Permanent, Temporary
from core.channels.teams import transport as teams
from tests.core.channels.conftest import CODE, PAGE
from tests.core.channels.services import TOKEN, GoogleChat, Matrix, Service, Teams

Serve = Callable[[type[Service]], Service]


def delivery(
    address: str, content: Content = PAGE, *, key: str = "page-1-0", resent: bool = False
) -> Delivery:
    return Delivery(key, address, TOKEN, content, resent=resent, timeout=20)


class TestTeams:
    def test_it_is_a_card_whose_words_are_only_words(self, serve: Serve) -> None:
        service = serve(Teams)
        teams.send(delivery(f"{service.url}{Teams.PATH}?sig={TOKEN}"))
        card = service.calls[0].said["attachments"][0]["content"]
        assert [block["inlines"][0]["text"] for block in card["body"]] == [
            PAGE.subject,
            "High urgency.",
            "Since 02:41 CET.",
            "@all *see* [here](https://evil.example/)",
        ]
        assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
        assert card["body"][0]["inlines"][0]["color"] == "Attention"
        assert card["actions"] == [
            {
                "type": "Action.OpenUrl",
                "title": "Open, acknowledge or pass on",
                "url": "https://w.example/p/x/",
            }
        ]

    def test_a_code_has_no_button(self) -> None:
        card = teams.compose(delivery("x", CODE))["attachments"][0]["content"]
        assert "actions" not in card
        assert "color" not in card["body"][0]["inlines"][0]


class TestGoogleChat:
    def test_it_is_a_card_in_the_thread_of_what_it_is_about(self, serve: Serve) -> None:
        service = serve(GoogleChat)
        address = f"{service.url}{GoogleChat.PATH}?key=k3y&token={TOKEN}"
        sent = google_chat.send(delivery(address))
        assert sent.provider_id == "spaces/AAAAB3/messages/m1"
        said = service.calls[0].said
        assert said["text"] == "SEV1 Payments: \u2039b\u203a5xx\u2039/b\u203a. Ack in 5:00 or Bob is woken."
        assert said["thread"] == {"threadKey": "alert-7"}
        (section,) = said["cardsV2"][0]["card"]["sections"]
        assert section["widgets"][-1]["buttonList"]["buttons"] == [
            {
                "text": "Open, acknowledge or pass on",
                "onClick": {"openLink": {"url": "https://w.example/p/x/"}},
            }
        ]
        assert google_chat.send(delivery(address, resent=True)) == sent

    def test_nobody_is_called_and_nothing_is_drawn_by_the_words(self) -> None:
        loud = replace(PAGE, subject="<users/all> look", text="x\n\n<users/all> <a href=x>y</a> & more")
        said = google_chat.compose(delivery("x", loud))
        assert said["text"] == "\u2039users/all\u203a look"
        widgets = said["cardsV2"][0]["card"]["sections"][0]["widgets"]
        assert widgets[0] == {
            "textParagraph": {"text": "&lt;users/all&gt; &lt;a href=x&gt;y&lt;/a&gt; &amp; more"}
        }

    @pytest.mark.parametrize(
        "address",
        [
            "https://chat.googleapis.com/v1/spaces/AAAA/messages",
            "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x",
            "https://chat.googleapis.com/other?key=x&token=y",
        ],
    )
    def test_its_address_is_a_webhook_of_a_space(self, address: str) -> None:
        with pytest.raises(ValueError, match="whole address of the webhook"):
            google_chat.check_address(address)


class TestMatrix:
    def test_it_joins_the_room_it_was_invited_to_and_writes_there_once(self, serve: Serve) -> None:
        service = serve(Matrix)
        assert isinstance(service, Matrix)
        first = matrix.send(delivery(Matrix.ROOM))
        assert service.joined
        assert matrix.send(delivery(Matrix.ROOM, resent=True)) == first
        assert matrix.send(delivery(Matrix.ROOM, key="page 2/0")).provider_id == "$event2"
        assert list(service.events) == [first.provider_id, "$event2"]

    def test_what_became_of_it_replaces_what_it_said(self, serve: Serve) -> None:
        service = serve(Matrix)
        assert isinstance(service, Matrix)
        sent = matrix.send(delivery(Matrix.ROOM))
        taken = replace(PAGE, subject="Acknowledged by Bob: 5xx", data={"state": "acknowledged"}, code="")
        edit = replace(delivery(Matrix.ROOM, taken, key="edit-1-1"), provider_id=sent.provider_id)
        matrix.edit(edit)
        matrix.edit(edit)
        assert list(service.events) == ["$event1", "$event2"]
        said = service.events["$event2"]
        assert said["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$event1"}
        assert said["m.new_content"]["body"].startswith("Acknowledged by Bob: 5xx\n")
        assert said["m.new_content"]["body"].endswith("Open: https://w.example/p/x/")
        assert said["body"] == f"* {said['m.new_content']['body']}"

    def test_its_words_call_nobody_and_draw_nothing(self) -> None:
        said = matrix.compose(delivery("x"))
        assert (said["msgtype"], said["m.mentions"]) == ("m.text", {})
        assert said["body"].endswith("\nOpen, acknowledge or pass on: https://w.example/p/x/")
        assert said["formatted_body"] == (
            "<p><strong>SEV1 Payments: &lt;b&gt;5xx&lt;/b&gt;. Ack in 5:00 or Bob is woken.</strong></p>"
            "<p>High urgency.<br>Since 02:41 CET.<br>@all *see* [here](https://evil.example/)</p>"
            '<p><a href="https://w.example/p/x/">Open, acknowledge or pass on</a></p>'
        )

    def test_a_room_without_an_invitation_is_refused_for_good(self, serve: Serve) -> None:
        serve(Matrix)
        with pytest.raises(Permanent, match="M_FORBIDDEN"):
            matrix.send(delivery("!other:example.org"))

    def test_its_own_words_say_how_long_to_wait(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        service = serve(Matrix)
        told = {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}
        monkeypatch.setattr(service, "take", lambda _call: (429, told))
        with pytest.raises(Temporary, match="M_LIMIT_EXCEEDED") as refused:
            matrix.send(delivery(Matrix.ROOM))
        assert refused.value.retry_after == 2.5

    @pytest.mark.parametrize(
        "room", ["!abc:example.org", "!abc:example.org:8448", "!NhsU_3mh-5PQBrL97lVc0yHs1KT3rXaPqZs0g"]
    )
    def test_its_address_is_a_room(self, room: str) -> None:
        assert matrix.check_address(f" {room} ") == room

    @pytest.mark.parametrize(
        "room", ["#ops:example.org", "@bob:example.org", "!a b:example.org", "!a/b:c", "!"]
    )
    def test_anything_else_is_none(self, room: str) -> None:
        with pytest.raises(ValueError, match="internal room ID"):
            matrix.check_address(room)

    def test_others_see_its_server_alone(self) -> None:
        assert registry.get("matrix").hint("!abcdef:example.org") == "!ab•••:example.org"
