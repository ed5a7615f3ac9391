"""Do what people answer to their pages, and tell them what came of it. Each is safe to say three times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Refused
from oncall.escalation import operations as escalation
from oncall.paging.models import OPEN
from oncall.replies import queries, rules
from oncall.replies.rules import Verb

if TYPE_CHECKING:
    from core.callbacks.replies import Reply
    from oncall.paging.models import Page

HELP = "Nothing was done. Answer ACK and the six digits to acknowledge, PASS and the digits to pass it on."


def hear(reply: Reply) -> str:
    """Act on an answer; give the words for whoever sent it, "" for a stranger."""
    if reply.channel == "sms":
        return _hear_text(reply)
    wish = rules.from_key(reply.words) if reply.key else rules.from_mail(reply.words)
    page = queries.by_message(reply.key) if reply.key else queries.by_token(reply.token)
    return _do(page, wish.verb) if wish and page else ""


def _hear_text(reply: Reply) -> str:
    # A stranger gets no answer: each one costs, and would tell whose number is known.
    if not queries.has_number(reply.sender):
        return ""
    wish = rules.from_text(reply.words)
    if wish is None:
        return HELP
    page = queries.by_code(reply.sender, wish.code)
    return _do(page, wish.verb) if page else f"Nothing was done: no page of yours has the code {wish.code}."


def _do(page: Page, verb: Verb) -> str:
    assert page.user is not None  # noqa: S101 - only pages of people are found
    try:
        return _acknowledge(page) if verb is Verb.ACKNOWLEDGE else _pass(page)
    except Refused as refusal:
        return f"Nothing was done: {refusal}"


def _acknowledge(page: Page) -> str:
    assert page.user is not None  # noqa: S101 - only pages of people are found
    held = escalation.acknowledge(actor=page.user, page=page)
    if page.escalation is None:
        return "The test page reached you."
    if held.by is None:
        return "Nothing to do: it is over."
    if held.by.pk == page.user.pk:
        return "Acknowledged: you have it. Nobody else will be asked."
    return f"Nothing to do: {held.by} has it."


def _pass(page: Page) -> str:
    assert page.user is not None  # noqa: S101 - only pages of people are found
    if page.escalation is None:
        return "A test page cannot be passed on."
    if page.status not in OPEN or page.ended_at is not None:
        return "Nothing was done: this page is over."
    if not escalation.escalate_now(actor=page.user, page=page, epoch=page.epoch):
        return "Nothing was done: something else happened meanwhile."
    return "Passed on: the next level is asked now."
