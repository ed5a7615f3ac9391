from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "core.api"
    label = "api"

    def ready(self) -> None:
        """Forget kept answers after their day, and describe how a token is given."""
        from core.api import schema  # noqa: F401, PLC0415 - drf-spectacular finds what was imported
        from core.events import housekeeping  # noqa: PLC0415

        housekeeping.prune("api_answer", "created_at < now() - interval '24 hours'")
