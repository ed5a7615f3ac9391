"""What tokens tell the others: every key that was cut, used for the first time, or taken away."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("token.created")
@dataclass(frozen=True, slots=True)
class TokenCreated:
    """A person made an API token, or an operator did for them."""

    token_id: int
    user_id: int
    name: str
    scopes: list[str]


@event("token.used_first")
@dataclass(frozen=True, slots=True)
class TokenUsedFirst:
    """A token was used for the first time."""

    token_id: int
    user_id: int


@event("token.revoked")
@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """A token stopped working because somebody said so."""

    token_id: int
    user_id: int
