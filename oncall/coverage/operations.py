"""Warn whoever owns a policy that somebody will be missing, 14, 3 and 1 days before, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.coverage import queries, rules

if TYPE_CHECKING:
    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "oncall.coverage"


@transaction.atomic
def warn() -> int:
    """Promise the mails that are due now and were not sent yet; give their number."""
    now = timezone.now()
    found = queries.lacks(now)
    owners = queries.owners({lack.policy_id for lack in found})
    return len(
        outbox.put(
            [
                outbox.NewMessage(
                    key=f"coverage-{lack.key}-{rules.warned_at(lack.start, now=now)}-{user.pk}",
                    client=CLIENT,
                    subject_id=lack.policy_id,
                    lane=Lane.PEOPLE,
                    channel="email",
                    address=user.email,
                    user_id=user.pk,
                    content={
                        "subject": lack.text[:200],
                        "text": f"{lack.text}\n\nWho is to be paged then? Cover it here:\n\n{settings.BASE_URL}{lack.path}",
                        "url": settings.BASE_URL + lack.path,
                    },
                )
                for lack in found
                for user in owners[lack.policy_id]
            ]
        )
    )


def unwanted(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back warnings to people who left: the guard."""
    active = set(
        User.objects.active().filter(pk__in=[each.user_id for each in messages]).values_list("pk", flat=True)
    )
    return {each.pk: "the account is closed" for each in messages if each.user_id not in active | {None}}


def hear(_: Sequence[Outcome]) -> None:
    """Nothing depends on a warning: the page shows what is missing as well."""
