from django.apps import AppConfig


class CallbacksConfig(AppConfig):
    """What services tell us: reports, answers, buttons that were pressed."""

    name = "core.callbacks"
    label = "callbacks"

    def ready(self) -> None:
        """Let housekeeping forget what was heard a month ago: hardly a page is open for so long."""
        from core.events import housekeeping  # noqa: PLC0415

        housekeeping.prune("callbacks_heard", "at < now() - interval '30 days'", key="digest")
