from django.apps import AppConfig


class WatchConfig(AppConfig):
    """The product watching itself: is paging healthy, and if not, what is stuck and who is told."""

    name = "core.watch"
    label = "watch"

    def ready(self) -> None:
        """Look at what `core` runs; show it to Prometheus."""
        from core.stack import metrics  # noqa: PLC0415 - registries are filled when models are known
        from core.watch import detectors, queries  # noqa: PLC0415

        detectors.register()
        metrics.watch(
            metrics.Gauge(
                "watchbill_stuck",
                "Things that are stuck, by what looks for them; at most 1000 are counted.",
                queries.counting,
                ("detector",),
            )
        )
