from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Assembly: settings, addresses, the sample company. The only package that may call every app."""

    name = "config"

    def ready(self) -> None:
        """Put the first page into the navigation."""
        from core.ui import shell  # noqa: PLC0415 - the registry is filled when every app is known

        shell.add_nav(shell.NavItem("Respond", "Home", "home", "home", 0, key="h", tab=True))
