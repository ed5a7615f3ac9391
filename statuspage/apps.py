from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        """Listen to the hub and put the entries of this app into the navigation."""
        from core.ui import shell  # noqa: PLC0415 - the registries are filled when every model is known
        from statuspage import handlers  # noqa: F401, PLC0415

        shell.add_nav(shell.NavItem("Tell", "Status pages", "globe", "statuspage:pages", 10, key="s"))
