from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "core.api"
    label = "api"

    def ready(self) -> None:
        """Forget kept answers after their day."""
        from core.events import housekeeping  # noqa: PLC0415

        housekeeping.prune("api_answer", "created_at < now() - interval '24 hours'")
