from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oncall.paging import rules
from oncall.paging.rules import About, Method, Notice, Rule, Send

AT = datetime(2026, 11, 21, 1, 36, tzinfo=UTC)
NOTICE = Notice(
    about=About.ALERT,
    title="Checkout API error rate above 5%",
    url="https://watchbill.example/p/abc/",
    service="Payments",
    why="Level 1 of Engineering: on call in Payments primary.",
    since=AT,
    wait=timedelta(minutes=5),
    until=AT + timedelta(minutes=10),
    after_you=("Tomás Rivera",),
    zone="Europe/Berlin",
)
EMAIL, HOOK = Method(1, "email", "a@example.com"), Method(2, "webhook", "https://hook.example/x")


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Payments: Checkout API error rate above 5%. Ack in 5:00 or Tomás is woken."),
        (
            {"label": "SEV1", "reference": "INC-12", "service": ""},
            "SEV1 INC-12: Checkout API error rate above 5%. Ack in 5:00 or Tomás is woken.",
        ),
        ({"urgency": "low"}, "Payments: Checkout API error rate above 5%. Ack in 5:00 or Tomás is asked."),
        (
            {"after_you": ("Tomás Rivera", "Ada B", "C D")},
            "Payments: Checkout API error rate above 5%. Ack in 5:00 or Tomás and 2 more are woken.",
        ),
        (
            {"after_you": ()},
            "Payments: Checkout API error rate above 5%. Ack in 5:00; nobody is asked after you.",
        ),
        (
            {"after_you": (), "again": True},
            "Payments: Checkout API error rate above 5%. Ack in 5:00 or you are woken again.",
        ),
        (
            {"wait": timedelta(minutes=4, seconds=56)},
            "Payments: Checkout API error rate above 5%. Ack in 5:00 or Tomás is woken.",
        ),
        (
            {"wait": timedelta(seconds=46)},
            "Payments: Checkout API error rate above 5%. Ack in 0:46 or Tomás is woken.",
        ),
        ({"wait": None}, "Payments: Checkout API error rate above 5%"),
        (
            {"wait": timedelta(hours=1, minutes=5)},
            "Payments: Checkout API error rate above 5%. Ack in 1:05:00 or Tomás is woken.",
        ),
        (
            {"by": "Marta Okafor", "message": "Is the card processor down?"},
            "Marta Okafor pages you: Is the card processor down? Ack in 5:00 or Tomás is woken.",
        ),
        ({"private": True}, "You are being paged. Ack in 5:00 or Tomás is woken."),
        ({"about": About.TEST}, "Test page from Watchbill. Nothing is wrong"),
    ],
)
def test_the_subject_says_what_is_wrong_and_what_happens_next(changes: dict[str, Any], subject: str) -> None:
    assert rules.subject(replace(NOTICE, **changes)) == subject


@pytest.mark.parametrize(
    "title", ["x" * 300, "word " * 80, "é" * 200, "a\r\nBcc: b@example.com\x00\u2028c" * 9]
)
def test_a_subject_is_one_line_of_at_most_110_characters_and_keeps_its_end(title: str) -> None:
    found = rules.subject(replace(NOTICE, title=title))
    assert len(found) <= 110
    assert found.isprintable()
    assert found.endswith("… Ack in 5:00 or Tomás is woken.")


def test_the_text_has_everything_in_the_zone_of_its_reader() -> None:
    words = rules.compose(replace(NOTICE, summary="31% of requests fail.", late=timedelta(minutes=12)))
    assert words.text == (
        "Checkout API error rate above 5%\n\n"
        "Payments, high urgency. Since 02:36 CET.\n\n"
        "31% of requests fail.\n\n"
        "This page is 12:00 late: the pager was not running when it was due.\n\n"
        "If you do not acknowledge by 02:46 CET, Tomás Rivera is woken.\n\n"
        "Why you: Level 1 of Engineering: on call in Payments primary.\n\n"
        "Open, acknowledge or pass on: https://watchbill.example/p/abc/"
    )


def test_what_an_alert_wrote_cannot_become_html() -> None:
    words = rules.compose(
        replace(NOTICE, title="<script>alert(1)</script>", summary='<img src="x" onerror=y>\nnext')
    )
    assert "<script" not in words.html
    assert "<img" not in words.html
    assert "&lt;img src=&quot;x&quot; onerror=y&gt;<br>next" in words.html


def test_a_private_incident_is_not_told() -> None:
    secret = replace(
        NOTICE,
        private=True,
        title="Breach of the vault",
        summary="The vault was opened",
        service="Vault",
        label="SEV1",
        reference="INC-9",
        message="Breach",
    )
    words = rules.compose(secret)
    data = rules.data(secret, page_id=4)
    for text in (words.subject, words.text, words.html, str(data)):
        assert not any(word in text for word in ("reach of", "vault", "Vault", "INC-9", "SEV1"))
    assert "https://watchbill.example/p/abc/" in words.text
    assert "Tomás Rivera is woken" in words.text


def test_programs_get_the_same_as_data() -> None:
    data = rules.data(replace(NOTICE, data={"alert": {"id": "7"}}), page_id=4)
    assert data == {
        "type": "page",
        "page": "4",
        "title": "Checkout API error rate above 5%",
        "urgency": "high",
        "private": False,
        "service": "Payments",
        "why": "Level 1 of Engineering: on call in Payments primary.",
        "paged_by": "",
        "acknowledge_by": "2026-11-21T01:46:00Z",
        "next": ["Tomás Rivera"],
        "late_seconds": 0,
        "url": "https://watchbill.example/p/abc/",
        "alert": {"id": "7"},
    }


@pytest.mark.parametrize(
    ("methods", "chosen", "urgency", "sends", "note"),
    [
        # their own rules, soonest first
        (
            [EMAIL, HOOK],
            [Rule("high", 1, 60), Rule("high", 2, 0), Rule("low", 1, 0)],
            "high",
            [(2, 0), (1, 60)],
            "",
        ),
        ([EMAIL, HOOK], [Rule("high", 1, 60), Rule("high", 2, 0), Rule("low", 1, 0)], "low", [(1, 0)], ""),
        # a rule whose method does not work is left out
        (
            [EMAIL, replace(HOOK, usable=False)],
            [Rule("high", 2, 0), Rule("high", 1, 30)],
            "high",
            [(1, 30)],
            "",
        ),
        # no rule that works: all that works, at once; one of them for what is not urgent
        ([HOOK, EMAIL], [], "high", [(1, 0), (2, 0)], ""),
        ([HOOK, EMAIL], [], "low", [(1, 0)], ""),
        ([HOOK], [Rule("high", 9, 0)], "low", [(2, 0)], ""),
        # nothing that works: the sign-in e-mail, and it says so
        ([], [], "high", [(None, 0)], "There is no verified contact method, so by the sign-in e-mail."),
        (
            [replace(EMAIL, usable=False)],
            [Rule("high", 1, 0)],
            "high",
            [(None, 0)],
            "There is no verified contact method, so by the sign-in e-mail.",
        ),
    ],
)
def test_how_a_person_is_paged(
    methods: list[Method], chosen: list[Rule], urgency: str, sends: list[tuple[int | None, int]], note: str
) -> None:
    found, said = rules.sends(methods, chosen, urgency=urgency, sign_in="me@example.com")
    assert [(send.method.id, send.delay_seconds) for send in found] == sends
    assert said == note


def test_a_person_without_anything_cannot_be_paged() -> None:
    assert rules.sends([], [], urgency="high", sign_in="") == (
        [],
        "There is no contact method and no sign-in e-mail.",
    )


@pytest.mark.parametrize(
    ("used", "next_"),
    [
        ([], HOOK),
        ([HOOK], EMAIL),
        ([HOOK, EMAIL], Method(None, "email", "me@example.com")),
        ([HOOK, EMAIL, Method(None, "email", "me@example.com")], None),
    ],
)
def test_which_method_is_tried_next(used: list[Method], next_: Method | None) -> None:
    found = rules.next_method(
        [EMAIL, HOOK, Method(3, "email", "off@example.com", usable=False)],
        [Rule("high", 2, 0), Rule("high", 1, 60)],
        used=[(method.channel, method.address) for method in used],
        sign_in="me@example.com",
    )
    assert found == next_


def test_the_sign_in_is_not_tried_twice_under_two_names() -> None:
    own = Method(1, "email", "me@example.com")
    assert rules.next_method([own], [], used=[("email", "me@example.com")], sign_in="me@example.com") is None
    assert Send(own).delay_seconds == 0
