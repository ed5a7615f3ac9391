"""A test page: by every method of a person, the real way, with nothing else started."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models.functions import Now

from core import live
from core.accounts.models import User
from core.errors import Refused
from core.outbox import operations as outbox
from core.outbox import spending
from oncall.paging import addresses, queries, rules, tokens
from oncall.paging.models import Page, PageStatus
from oncall.paging.operations.messages import content_of, message

TEST_EVERY_SECONDS, TESTS_AN_HOUR = 15, 5


class TooManyTests(Refused):
    def __init__(self, why: str = "A test page is on its way already. Wait a few seconds.") -> None:
        super().__init__(why)


@transaction.atomic
def send_test(user: User) -> Page:
    """Page a person as a test: by every method that works for them, the real way, with nothing else started.

    At most five an hour, and no more texts or calls to one number, whoever asks: each costs something.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if queries.tests_within(user, seconds=TEST_EVERY_SECONDS):
        raise TooManyTests
    if queries.tests_within(user, seconds=3600) >= TESTS_AN_HOUR:
        raise TooManyTests(
            f"{TESTS_AN_HOUR} test pages were sent within the hour. Wait before you ask for another."
        )
    person = queries.reachable({user.pk})[user.pk]
    usable = [method for method in person.methods if method.usable]
    methods = [method for method in usable if not _has_enough(method)]
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


def _has_enough(method: rules.Method) -> bool:
    """Whether a number got as many codes and test pages as it may."""
    if method.channel not in spending.PAID:
        return False
    return queries.unasked_to(method.channel, addresses.plain(method.address)) >= TESTS_AN_HOUR


def acknowledge_test(page: Page) -> bool:
    """Note that a test page reached its person; False where that was known."""
    done = Page.objects.filter(pk=page.pk, escalation=None, acknowledged_at=None).update(
        status=PageStatus.ACKNOWLEDGED, acknowledged_at=Now(), ended_at=Now()
    )
    live.changed(f"page-{page.pk}", f"home-{page.user_id}")
    return bool(done)
