"""The address by which one subscription is ended: signed, and good for nothing else."""

from __future__ import annotations

from django.core import signing


def make(subscription_id: int) -> str:
    """Give the token that stands in a mail. Who has it ends this one subscription."""
    return _signer().sign(f"{subscription_id:x}")


def parse(token: str) -> int | None:
    """Give which subscription a token ends, None where it was not made with a key of ours."""
    try:
        return int(_signer().unsign(token), 16)
    except (signing.BadSignature, ValueError):
        return None


def _signer() -> signing.Signer:
    return signing.Signer(sep=".", salt="incidents.unsubscribe")
