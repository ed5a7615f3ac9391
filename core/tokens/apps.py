from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "core.tokens"
    label = "tokens"

    def ready(self) -> None:
        """Declare the events, and put the page into the person's menu."""
        from core.tokens import events  # noqa: F401, PLC0415 - registries are filled when models are known
        from core.ui import shell  # noqa: PLC0415

        shell.add_menu(shell.MenuItem("API tokens", "lock", "tokens:index", 30))
