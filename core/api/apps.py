from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The conventions of the API."""

    name = "core.api"
    label = "api"

    def ready(self) -> None:
        """Let housekeeping forget the answers that no repeated request can ask for any more."""
        from core.events import housekeeping  # noqa: PLC0415

        housekeeping.prune("api_answer", "created_at < now() - interval '1 day'")
