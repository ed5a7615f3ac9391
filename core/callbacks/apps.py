from django.apps import AppConfig


class CallbacksConfig(AppConfig):
    """What services tell us: reports, answers, buttons that were pressed."""

    name = "core.callbacks"
    label = "callbacks"

    def ready(self) -> None:
        """Let housekeeping forget calls that are too old to be taken again anyway."""
        from core.events import housekeeping  # noqa: PLC0415

        housekeeping.prune("callbacks_heard", "at < now() - interval '1 day'", key="digest")
