"""Mails about swaps: one per person and thing that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.swaps import queries, tokens
from oncall.swaps.models import Status, Swap, SwapShift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "oncall.swaps"
ASKS = "swap-ask-"
"""How the key of a mail begins that asks somebody to take a shift; it is held back once nobody is asked."""


def ask_people(swap: Swap, *, round_: str) -> int:
    """Ask everybody who may take an open request, each by an address of their own; give their number."""
    begins = "Nobody has taken it yet" if round_ != "first" else f"{swap.beneficiary} asks"
    return len(
        outbox.put(
            [
                _mail(
                    swap,
                    user,
                    key=f"{ASKS}{swap.pk}-{round_}-{user.pk}",
                    subject=f"{begins}: who takes a shift in {swap.schedule.name}?",
                    text=f"{swap.beneficiary} cannot be on call in {swap.schedule.name}:\n\n{_when(swap.given, user)}\n"
                    + (f"\nIn exchange for yours:\n\n{_when(swap.returned, user)}\n" if swap.returned else "")
                    + (f"\n{swap.reason}\n" if swap.reason else "")
                    + "\nOpen this and take it with one tap; opening it alone changes nothing:\n\n"
                    f"{settings.BASE_URL}/cover/{tokens.make(swap, user)}/\n\n"
                    f"Until somebody takes it, {swap.beneficiary} stays on call.",
                )
                for user in queries.asked_people(swap)
            ]
        )
    )


def tell(swap: Swap, users: Iterable[User | None], text: str, *, key: str, but: User | None = None) -> None:
    """Tell people what became of a swap; whoever did it knows."""
    people = {user.pk: user for user in users if user is not None and user.is_active and user != but}
    outbox.put(
        [
            _mail(
                swap,
                user,
                key=f"swap-{swap.pk}-{key}-{user.pk}",
                subject=text,
                text=f"{text}\n\n{swap.schedule.name}:\n{_when(swap.shifts.all(), user)}\n\n{queries.address(swap)}",
            )
            for user in people.values()
        ]
    )


def _when(rows: Iterable[SwapShift], user: User) -> str:
    return "\n".join(queries.spans_in_words(rows, zone_name=user.time_zone))


def _mail(swap: Swap, user: User, *, key: str, subject: str, text: str) -> outbox.NewMessage:
    return outbox.NewMessage(
        key=key,
        client=CLIENT,
        subject_id=swap.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=user.email,
        user_id=user.pk,
        content={"subject": " ".join(subject.split())[:200], "text": text, "url": queries.address(swap)},
    )


def unwanted(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back mails to people who left, and what asks for a shift that is not to be taken any more: the guard."""
    ids = [each.user_id for each in messages if each.user_id is not None]
    active = set(User.objects.active().filter(pk__in=ids).values_list("pk", flat=True))
    asking = [each.subject_id for each in messages if each.key.startswith(ASKS)]
    open_ = set(Swap.objects.filter(pk__in=asking, status=Status.OPEN).values_list("pk", flat=True))
    found = {each.pk: "the account is closed" for each in messages if each.user_id not in active}
    return found | {
        each.pk: "the shift is not to be taken any more"
        for each in messages
        if each.key.startswith(ASKS) and each.subject_id not in open_
    }


def hear(_: Sequence[Outcome]) -> None:
    """Nothing depends on a mail: the screens show the same, and who asked stays on call."""
