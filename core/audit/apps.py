from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The record of who did what, on a page and in the API."""

    name = "core.audit"
    label = "audit"

    def ready(self) -> None:
        """Put the record into the menu of admins."""
        from core.accounts.policy import Verb, can  # noqa: PLC0415 - registries are filled when models are known
        from core.ui import shell  # noqa: PLC0415

        shell.add_menu(
            shell.MenuItem(
                "Audit log", "scroll", "audit:index", 80, allowed=lambda user: can(user, Verb.ADMIN)
            )
        )
