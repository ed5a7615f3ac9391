from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.accounts.models import User
    from core.people.erasure.registry import Own


class PeopleConfig(AppConfig):
    """The screens about people: me, everybody, teams, invitations."""

    name = "core.people"
    label = "people"

    def ready(self) -> None:
        """Put the entries of these screens into the person's menu, and let invitations be sent."""
        from core.outbox import registry as outbox  # noqa: PLC0415 - registries are filled when models are known
        from core.people.directory.search import found  # noqa: PLC0415
        from core.people.erasure import registry as erasure  # noqa: PLC0415
        from core.people.invitations import mail  # noqa: PLC0415
        from core.search.registry import Source, add  # noqa: PLC0415
        from core.ui import shell  # noqa: PLC0415

        add(Source("person", "People", "user", 70, found))
        outbox.register(mail.client)
        erasure.own("people", _own)
        shell.add_menu(shell.MenuItem("My profile", "user", "people:me", 10))
        shell.add_menu(shell.MenuItem("People", "users", "people:list", 60))
        shell.add_menu(shell.MenuItem("Teams", "users", "people:teams", 61))


def _own(user: User) -> Iterable[Own]:
    """Give what belongs to nobody but a person: how they sign in, and what was answered to their programs."""
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - models are loaded only now

    from core.api.models import Answer  # noqa: PLC0415
    from core.people.erasure.registry import Own  # noqa: PLC0415

    yield Own("Browsers that are signed in", user.sessions.all())
    yield Own("API tokens", user.api_tokens.all())
    yield Own("Answers kept for their programs", Answer.objects.filter(user_id=user.pk))
    yield Own("Addresses to sign in with", EmailAddress.objects.filter(user=user))
    yield Own("Teams they belong to", user.memberships.all())
