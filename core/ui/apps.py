from django.apps import AppConfig

from core.ui import shell


class UiConfig(AppConfig):
    """The design system: the shell, the components, and the headers that keep a page safe."""

    name = "core.ui"
    label = "ui"

    def ready(self) -> None:
        """Lead administrators to the configuration screens."""
        shell.add_menu(
            shell.MenuItem("Settings", "gear", "admin:index", 90, allowed=lambda user: user.is_staff)
        )
