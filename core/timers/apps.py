from django.apps import AppConfig


class TimersConfig(AppConfig):
    """Durable deadlines: the one clock of the product."""

    name = "core.timers"
    label = "timers"

    def ready(self) -> None:
        """Let `drain()` run what is due, and housekeeping forget what is long done."""
        from core.events import housekeeping  # noqa: PLC0415
        from core.outbox import registry  # noqa: PLC0415
        from core.timers import operations  # noqa: PLC0415

        registry.add_step("timers", operations.run_due, order=70, soon=operations.SOON, due=operations.DUE)
        housekeeping.prune("timers_timer", "coalesce(done_at, cancelled_at) < now() - interval '30 days'")
