"""What happens to pages, codes and tests once the day's limit for texts and calls is reached."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.db.models.functions import Now

from core.errors import Refused
from core.outbox import sending
from core.outbox.models import Message
from oncall.paging import operations as paging
from oncall.paging import rules
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User
    from oncall.escalation.models import Escalation
    from tests.peers import Smtp
    from tests.twilio import Twilio

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"


@pytest.fixture
def alice(twilio: Twilio, smtp: Smtp, settings: Settings) -> User:
    """She is paged by text alone, has a verified mailbox too, and nothing may be spent any more."""
    settings.SPEND_LIMIT, settings.SMS_PRICE = Decimal("0.05"), Decimal("0.10")
    user = cast.alice()
    paging.ensure_default(user)
    NotificationRule.objects.filter(user=user).delete()
    method = ContactMethod.objects.create(
        user=user, channel="sms", address=NUMBER, verified_at="2026-01-01T00:00Z"
    )
    for urgency in ("high", "low"):
        NotificationRule.objects.create(user=user, urgency=urgency, method=method)
    return user


def page(alice: User, *, urgency: str) -> Escalation:
    found = cast.escalation(cast.alert(), cast.policy((600, [alice])), urgency=urgency)
    drain()
    sending.send_due()
    return found


def test_high_urgency_goes_out_whatever_it_costs(alice: User, twilio: Twilio) -> None:
    page(alice, urgency="high")
    assert [order.fields["To"] for order in twilio.orders] == [NUMBER]


def test_low_urgency_goes_another_way(alice: User, twilio: Twilio, smtp: Smtp) -> None:
    found = page(alice, urgency="low")
    sending.send_due()
    assert twilio.orders == []
    assert [mail.recipients for mail in smtp.mails] == [["alice@example.com"]]
    text = Message.objects.get(channel="sms")
    assert (text.state, text.error) == ("suppressed", rules.CAPPED)
    assert asked(found) == [("Alice", 0, 0, "sent")]


def test_a_code_waits_for_another_day_and_its_method_says_so(alice: User, twilio: Twilio) -> None:
    method = paging.add_method(alice, channel="sms", address="+4915199999999").method
    sending.send_due()
    method.refresh_from_db()
    assert twilio.orders == []
    assert method.last_error == f"The code could not be sent: {rules.CAPPED}"


def test_a_test_page_goes_by_what_costs_nothing(alice: User, twilio: Twilio, smtp: Smtp) -> None:
    paging.send_test(alice)
    sending.send_due()
    assert twilio.orders == []
    assert len(smtp.mails) == 1


def test_below_the_limit_everything_goes_its_own_way(alice: User, twilio: Twilio, settings: Settings) -> None:
    settings.SPEND_LIMIT = Decimal("0.10")
    page(alice, urgency="low")
    assert [order.fields["To"] for order in twilio.orders] == [NUMBER]


def test_a_number_gets_five_codes_and_tests_an_hour_whoever_asks(
    alice: User, twilio: Twilio, smtp: Smtp, settings: Settings
) -> None:
    settings.SPEND_LIMIT = Decimal()
    bob = cast.bob()
    own = paging.add_method(bob, channel="sms", address=NUMBER).method
    paging.send_code(own)
    ContactMethod.objects.filter(pk=own.pk).update(verified_at=Now())
    for _ in range(3):
        paging.send_test(bob)
        Page.objects.update(created_at=F("created_at") - timedelta(seconds=20))
    paging.send_test(alice)
    sending.send_due()
    assert len(twilio.orders) == 5
    assert [mail.recipients for mail in smtp.mails] == [["alice@example.com"]]
    with pytest.raises(Refused, match="went to this number within the hour"):
        paging.send_test(bob)
    with pytest.raises(Refused, match="5 codes were sent"):
        paging.send_code(own)
