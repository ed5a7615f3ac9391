from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The screens about people: me, everybody, teams, invitations."""

    name = "core.people"
    label = "people"

    def ready(self) -> None:
        """Put the entries of these screens into the person's menu, and let invitations be sent."""
        from core.outbox import registry as outbox  # noqa: PLC0415 - registries are filled when models are known
        from core.people.directory.search import found  # noqa: PLC0415
        from core.people.invitations import mail  # noqa: PLC0415
        from core.search.registry import Source, add  # noqa: PLC0415
        from core.ui import shell  # noqa: PLC0415

        add(Source("person", "People", "user", 70, found))
        outbox.register(mail.client)
        shell.add_menu(shell.MenuItem("My profile", "user", "people:me", 10))
        shell.add_menu(shell.MenuItem("People", "users", "people:list", 60))
        shell.add_menu(shell.MenuItem("Teams", "users", "people:teams", 61))
