"""Make and revoke API tokens, and note that they are used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from core.errors import Refused
from core.events import bus
from core.tokens import events, rules
from core.tokens.models import ApiToken, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import AbstractBaseUser


class NoScope(Refused):
    def __init__(self) -> None:
        super().__init__("A token needs at least one of the scopes read, write, page, admin.")


def create(
    user: AbstractBaseUser,
    *,
    name: str,
    scopes: Sequence[str],
    days: int | None = None,
    actor: AbstractBaseUser | None = None,
) -> tuple[ApiToken, str]:
    """Make a token that works for `days` days, or until revoked. The secret is given here and never again."""
    wanted = [scope for scope in Scope.values if scope in scopes]
    if not wanted or set(scopes) - set(Scope.values):
        raise NoScope
    secret = rules.make()
    with transaction.atomic():
        token = ApiToken.objects.create(
            user_id=user.pk,
            name=name,
            prefix=secret[: rules.SHOWN],
            token_hash=rules.digest(secret),
            scopes=wanted,
            expires_at=None if days is None else timezone.now() + timedelta(days=days),
        )
        bus.emit(events.TokenCreated(token.pk, user.pk, name, wanted), actor=actor or user)
    return token, secret


def revoke(user: AbstractBaseUser, *, token_id: int, actor: AbstractBaseUser) -> bool:
    """Stop a person's token at once; give False where there is none such."""
    with transaction.atomic():
        return bool(_revoke(ApiToken.objects.filter(pk=token_id, user_id=user.pk), actor=actor))


def revoke_all(user: AbstractBaseUser, *, actor: AbstractBaseUser) -> int:
    """Stop every token of a person at once; give how many there were."""
    with transaction.atomic():
        return _revoke(ApiToken.objects.filter(user_id=user.pk), actor=actor)


def _revoke(tokens: Iterable[ApiToken], *, actor: AbstractBaseUser) -> int:
    wanted = [token.pk for token in tokens]
    gone = list(ApiToken.objects.select_for_update().filter(pk__in=wanted, revoked_at=None))
    ApiToken.objects.filter(pk__in=[token.pk for token in gone]).update(revoked_at=Now())
    if gone:
        bus.emit_all([events.TokenRevoked(token.pk, token.user_id) for token in gone], actor=actor)
    return len(gone)


def note_use(token: ApiToken, *, address: str | None) -> None:
    """Note when and from where a token was used, at most once a minute."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "update tokens_apitoken set last_used_at = now(), last_used_address = %s"
            " where id = %s and (last_used_at is null or last_used_at < now() - interval '1 minute')",
            [address, token.pk],
        )
        if cursor.rowcount and token.last_used_at is None:
            bus.emit(events.TokenUsedFirst(token.pk, token.user_id), actor=token.user)
