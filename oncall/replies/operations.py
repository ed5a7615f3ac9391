"""Do what people answer to their pages, and tell them what came of it. Each is safe to say three times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from core.accounts.policy import Verb as Permission
from core.accounts.policy import can
from core.callbacks.replies import Result
from core.errors import Refused
from oncall.escalation import operations as escalation
from oncall.paging.models import OPEN
from oncall.replies import queries, rules
from oncall.replies.rules import Verb

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.callbacks.replies import Reply
    from oncall.paging.models import Page

HELP = "Nothing was done. Answer ACK and the six digits to acknowledge, PASS and the digits to pass it on."


def hear(reply: Reply) -> Result | None:
    """Act on an answer; give what came of it, None for a stranger and for what is no answer."""
    if reply.channel == "sms":
        return _hear_text(reply)
    if reply.sender:
        return _hear_press(reply)
    wish = rules.from_key(reply.words) if reply.key else rules.from_mail(reply.words)
    page = queries.by_message(reply.key, reply.channel) if reply.key else queries.by_token(reply.token)
    return _do(page, wish.verb) if wish and page else None


def _hear_text(reply: Reply) -> Result | None:
    # A stranger gets no answer: each one costs, and would tell whose number is known.
    if not queries.has_number(reply.sender):
        return None
    wish = rules.from_text(reply.words)
    if wish is None:
        return _nothing(HELP)
    page = queries.by_code(reply.sender, wish.code)
    if page is None:
        return _nothing(f"Nothing was done: no page of yours has the code {wish.code}.")
    return _do(page, wish.verb)


def _hear_press(reply: Reply) -> Result | None:
    """Act on a button in a chat: for the person who was paged, by the account they are paged at; or in a room."""
    wish = rules.from_mail(reply.words)
    if wish is None:
        return None
    told = queries.by_room(reply.token, reply.channel)
    if told is not None:
        return _hear_in_room(reply, told, wish.verb)
    page = queries.by_token(reply.token)
    if page is None:
        return None
    if not queries.is_at(page, reply.channel, reply.sender):
        return _nothing(f"Nothing was done: only {page.user} was paged here.")
    return _do(page, wish.verb)


def _hear_in_room(reply: Reply, page: Page, verb: Verb) -> Result:
    """Act on a button in a room, as the person whose account pressed it, where they may act on such a thing."""
    person = queries.linked(reply.channel, reply.sender)
    if person is None:
        here = f"{settings.BASE_URL}{reverse('oncall:notifications')}"
        return _nothing(f"Nothing was done: link this account to you under “How I am reached”: {here}")
    if not can(person, Permission.RESPOND):
        return _nothing("Nothing was done: your role does not allow to respond.")
    if not queries.is_visible(page, person):
        return _nothing("Nothing was done: only those who are part of it can act on it.")
    return _done(page, person, verb)


def _do(page: Page, verb: Verb) -> Result | None:
    person = page.user
    if person is None or not person.is_active:
        return None
    return _done(page, person, verb)


def _done(page: Page, person: User, verb: Verb) -> Result:
    try:
        return _acknowledge(page, person) if verb is Verb.ACKNOWLEDGE else _hand_on(page, person)
    except Refused as refusal:
        return _nothing(f"Nothing was done: {refusal}")


def _acknowledge(page: Page, person: User) -> Result:
    held = escalation.acknowledge(actor=person, page=page)
    if page.escalation is None:
        return Result("The test page reached you.", done=True)
    if held.by is None or held.is_over:
        return _nothing("Nothing to do: it is over.")
    if held.said:
        return Result(f"Acknowledged: {held.said}.", done=True)
    if held.by.pk == person.pk:
        return Result("Acknowledged: you have it. Nobody else will be asked.", done=True)
    return _nothing(f"Nothing to do: {held.by} has it.")


def _hand_on(page: Page, person: User) -> Result:
    if page.escalation is None:
        return _nothing("A test page cannot be passed on.")
    if page.status not in OPEN or page.ended_at is not None:
        return _nothing("Nothing was done: this page is over.")
    if not escalation.escalate_now(actor=person, page=page, epoch=page.epoch):
        return _nothing("Nothing was done: something else happened meanwhile.")
    return Result("Passed on: the next level is asked now.", done=True)


def _nothing(words: str) -> Result:
    return Result(words, done=False)
