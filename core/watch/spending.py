"""What texts and calls cost lately, beside what they may."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings

from core.channels import gateway, twilio
from core.outbox import spending
from core.watch import registry
from core.watch.registry import Check
from core.watch.rules import Grade, Reading

if TYPE_CHECKING:
    from core.outbox.spending import Spent

NEARLY = Decimal("0.8")


def look() -> Reading:
    """What texts and calls cost within 24 hours."""
    return judge(spending.spent(), limit=settings.SPEND_LIMIT)


def judge(spent: Spent, *, limit: Decimal) -> Reading:
    """Judge what texts and calls cost within 24 hours; 0 is no limit."""
    if not spent.texts + spent.calls and not limit:
        return Reading(grade=Grade.GOOD, text="No text and no call went out in the last 24 h.")
    said = f"Texts and calls of the last 24 h ({spent.texts:,} and {spent.calls:,}) cost {spent.cost:.2f}"
    if not limit:
        return Reading(grade=Grade.GOOD, text=f"{said}. There is no limit (SPEND_LIMIT).")
    said = f"{said} of {limit:.2f}"
    if spent.cost >= limit:
        return Reading(
            grade=Grade.WARN,
            text=f"{said}: only pages of high urgency are sent so, anything else goes another way.",
            advice="See in the ledger what sent so much. Raise SPEND_LIMIT if it was needed.",
        )
    if spent.cost >= limit * NEARLY:
        return Reading(
            grade=Grade.WARN,
            text=f"{said}: soon only pages of high urgency are sent so.",
            advice="See in the ledger what sends so much. Raise SPEND_LIMIT if it is needed.",
        )
    return Reading(grade=Grade.GOOD, text=f"{said}.")


def register() -> None:
    """Look at it where texts or calls are set up, for people."""
    if twilio.is_configured() or gateway.SMS.is_configured or gateway.VOICE.is_configured:
        registry.add(Check(name="spending", title="Texts and calls", order=9, look=look))
