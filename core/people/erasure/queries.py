from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q
from django.http import Http404

from core.accounts.models import User
from core.accounts.policy import Verb, can
from core.clock import now
from core.events import visibility
from core.events.models import Event
from core.people.erasure import registry, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model, QuerySet

MOST = 10_000
TO_THEMSELVES = ("outbox.Message", "api.Answer", "admin.LogEntry")
"""Nothing says what of these an admin may know of: they are handed to the person alone, without what was in them."""
LEFT_OUT = ("content", "body", "object_repr", "change_message")
SECRET = (
    "password",
    "secret",
    "token",
    "hash",
    "nonce",
    "session_key",
    "session_data",
    "prefix",
    "key",
    "lookup",
)
"""Parts of the names of columns that open something; nobody is handed them."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of one kind go; None where that is told to nobody."""

    what: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What erasing a person does. How often a text names them is said to nobody: some of those texts are private."""

    own: list[Count]
    finds_name: bool
    must_leave_first: bool


def may_find(user: User) -> bool:
    """Say whether a name in a text can only be theirs: two words, and nobody else is called so."""
    others = User.objects.exclude(pk=user.pk).filter(name__iexact=user.name)
    return rules.is_findable(user.name) and not others.exists()


def outlook(user: User) -> Outlook:
    """Give what erasing a person would do."""
    own = [Count(one.what, one.rows.count() if one.is_counted else None) for one in registry.owned(user)]
    return Outlook([one for one in own if one.count != 0], may_find(user), user.is_active)


def may_export(viewer: User, user: User) -> bool:
    """Say whether a person may be handed what is kept about another: about oneself anybody, about others admins."""
    return viewer.pk == user.pk or can(viewer, Verb.ADMIN)


def export(viewer: User, user: User, *, most: int = MOST) -> dict[str, Any]:
    """Give all that is kept about a person, by kind, the latest first, as far as the viewer may know of it."""
    if not may_export(viewer, user):
        raise Http404
    kinds = {}
    for model, columns in _about():
        if model._meta.label in TO_THEMSELVES and viewer.pk != user.pk:  # noqa: SLF001
            continue
        seen = _seen(model, viewer)
        of_user = Q()
        for column in columns:
            of_user |= Q(**{column: user.pk})
        rows = list(seen.filter(of_user).order_by("-pk").values(*_shown(model))[: most + 1])
        if rows:
            kinds[model._meta.label] = {"rows": rows[:most], "is_cut": len(rows) > most}  # noqa: SLF001
    account = User.objects.filter(pk=user.pk).values(*_shown(User))[0]
    return {"made_at": now(), "account": account, "kept": kinds}


def _about() -> Iterator[tuple[type[Model], list[str]]]:
    for model in apps.get_models():
        columns = [field.attname for field in _columns(model) if field.related_model is User]
        if columns:
            yield model, columns


def _columns(model: type[Model]) -> list[Any]:
    return list(model._meta.concrete_fields)  # noqa: SLF001 - Django's own word


def _rows(model: Any) -> Any:
    return model._default_manager  # noqa: SLF001 - Django's own word


def _shown(model: type[Model]) -> list[str]:
    left_out = LEFT_OUT if model._meta.label in TO_THEMSELVES else ()  # noqa: SLF001
    return [
        field.attname
        for field in _columns(model)
        if field.name not in left_out
        and not set(SECRET) & {field.name, *field.name.split("_")}
        and field.get_internal_type() != "BinaryField"
    ]


def _seen(model: type[Model], viewer: User) -> QuerySet[Any]:
    """Give the rows that a viewer may know of: by themselves, or by what they belong to."""
    if model is Event:
        return visibility.visible_to(viewer)
    rows = _rows(model)
    if hasattr(rows, "visible_to"):
        found: QuerySet[Any] = rows.visible_to(viewer)
        return found
    found = rows.all()
    for field in _columns(model):
        belongs = field.related_model
        if belongs not in (None, User, model) and hasattr(_rows(belongs), "visible_to"):
            known = _rows(belongs).visible_to(viewer)
            found = found.filter(Q(**{field.name: None}) | Q(**{f"{field.name}__in": known}))
    return found
