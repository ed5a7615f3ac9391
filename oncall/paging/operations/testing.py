"""A test page: by every method of a person, the real way, with nothing else started."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from core import live
from core.errors import Refused
from core.outbox import operations as outbox
from core.outbox import spending
from oncall.paging import addresses, queries, rules, tokens
from oncall.paging.models import Page, PageStatus
from oncall.paging.operations import counting
from oncall.paging.operations.messages import content_of, message

if TYPE_CHECKING:
    from core.accounts.models import User

TEST_EVERY_SECONDS, TESTS_AN_HOUR = 15, 5


class TooManyTests(Refused):
    def __init__(self, why: str = "A test page is on its way already. Wait a few seconds.") -> None:
        super().__init__(why)


@transaction.atomic
def send_test(user: User) -> Page:
    """Page a person as a test: by every method that works for them, the real way, with nothing else started.

    At most five an hour, and no more texts or calls to one number, whoever asks: each costs something.
    """
    counting.lock_person(user.pk)
    if queries.tests_within(user, seconds=TEST_EVERY_SECONDS):
        raise TooManyTests
    if queries.tests_within(user, seconds=3600) >= TESTS_AN_HOUR:
        raise TooManyTests(
            f"{TESTS_AN_HOUR} test pages were sent within the hour. Wait before you ask for another."
        )
    person = queries.reachable({user.pk})[user.pk]
    usable = [method for method in person.methods if method.usable]
    methods = list(_within_limit(usable))
    if usable and not methods:
        raise TooManyTests(
            f"{TESTS_AN_HOUR} messages went to this number within the hour. Wait before you test it."
        )
    sends = [rules.Send(method) for method in methods] or rules.sends(
        [], [], urgency="high", sign_in=person.email
    )[0]
    page = Page.objects.create(
        user=user,
        why="You asked for a test page.",
        message="Test page",
        nonce=secrets.token_hex(8),
        status=PageStatus.PENDING if sends else PageStatus.FAILED,
        planned_at=Now(),
    )
    content = content_of(rules.trial(url=tokens.url(page)), page)
    outbox.put(
        [
            message(page, send, content, key=f"page-{page.pk}-{n}", may_bundle=False)
            for n, send in enumerate(sends)
        ]
    )
    live.changed(f"home-{user.pk}")
    return page


def _within_limit(methods: Sequence[rules.Method]) -> Iterator[rules.Method]:
    """Give those whose number did not get as many codes and test pages as it may, texts and calls together."""
    numbers = {
        method.id: addresses.plain(method.address) for method in methods if method.channel in spending.PAID
    }
    counting.lock_addresses(("sms", number) for number in numbers.values())
    left = {number: TESTS_AN_HOUR - queries.unasked_to("sms", number) for number in set(numbers.values())}
    for method in methods:
        number = numbers.get(method.id)
        if number is None:
            yield method
        elif left[number] > 0:
            left[number] -= 1
            yield method


def acknowledge_test(page: Page) -> bool:
    """Note that a test page reached its person; False where that was known."""
    done = Page.objects.filter(pk=page.pk, escalation=None, acknowledged_at=None).update(
        status=PageStatus.ACKNOWLEDGED, acknowledged_at=Now(), ended_at=Now()
    )
    live.changed(f"page-{page.pk}", f"home-{page.user_id}")
    return bool(done)
