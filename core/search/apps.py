from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Search and the command palette."""

    name = "core.search"
    label = "search"

    def ready(self) -> None:
        """Let people go to what the navigation names."""
        from core.search import places, registry  # noqa: PLC0415 - addresses are known when apps are

        registry.add(registry.Source("place", "Go to", "arrow", 10, places.find, does=True))
