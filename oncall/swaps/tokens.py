"""The address by which one person takes one shift: signed, with no row of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.swaps.models import Swap


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says: which request, with its nonce, and whom it lets answer."""

    swap: int
    user: int
    nonce: str


def make(swap: Swap, user: User) -> str:
    """Give the token by which somebody answers a request. Who has it answers for that person, and nothing else."""
    return _signer().sign(f"{swap.pk:x}-{user.pk:x}-{swap.nonce}")


def parse(token: str) -> Claim | None:
    """Give what a token says, None where it was not made with a key of ours."""
    try:
        swap, user, nonce = _signer().unsign(token).split("-")
    except (signing.BadSignature, ValueError):
        return None
    return Claim(int(swap, 16), int(user, 16), nonce)


def _signer() -> signing.Signer:
    return signing.Signer(sep=".", salt="oncall.cover")
