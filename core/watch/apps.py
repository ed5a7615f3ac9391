from django.apps import AppConfig


class WatchConfig(AppConfig):
    """The product watching itself: is paging healthy, and if not, what is stuck and who is told."""

    name = "core.watch"
    label = "watch"

    def ready(self) -> None:
        """Look at what `core` runs; show it to responders and to Prometheus."""
        from core.accounts.policy import Verb, can  # noqa: PLC0415 - registries are filled when models are known
        from core.events import housekeeping  # noqa: PLC0415
        from core.live import registry as live  # noqa: PLC0415
        from core.outbox import registry as outbox  # noqa: PLC0415
        from core.stack import metrics  # noqa: PLC0415
        from core.ui import shell  # noqa: PLC0415
        from core.watch import (  # noqa: PLC0415
            alarms,
            canary,
            carriers,
            detectors,
            engine,
            mail,
            queries,
            spending,
            watcher,
        )

        canary.register()
        engine.register()
        spending.register()
        carriers.register()
        detectors.register()
        mail.register()
        metrics.watch(
            metrics.Gauge(
                "watchbill_stuck",
                "Things that are stuck, by what looks for them; at most 1000 are counted.",
                queries.counting,
                ("detector",),
            )
        )
        outbox.register(alarms.CLIENT)
        outbox.add_companion("watch", watcher.Watcher().run)
        housekeeping.prune("watch_canary", "started_at < now() - interval '1 day'")
        housekeeping.prune("watch_trial", "started_at < now() - interval '7 days'")
        housekeeping.prune("watch_alarm", "cleared_at < now() - interval '90 days'")
        live.allow("watch", lambda user, rest: not rest and can(user, Verb.RESPOND))
        shell.add_menu(
            shell.MenuItem(
                "Is paging healthy?",
                "shield",
                "watch:index",
                70,
                allowed=lambda user: can(user, Verb.RESPOND),
            )
        )
