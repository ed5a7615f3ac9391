from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Messages to people: the one sender of the product, and what else falls due beside them."""

    name = "core.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Make the channels known, and let `drain()` hand over events."""
        from core.channels import kinds as _kinds  # noqa: F401, PLC0415
        from core.events import bus  # noqa: PLC0415
        from core.outbox import bundling, receipts, registry, telling  # noqa: PLC0415

        registry.add_step("events", lambda: bus.deliver_due(limit=bus.AT_ONCE), order=60, due=bus.DUE)
        registry.add_step("receipts", receipts.miss_due, order=56, soon=receipts.SOON, due=receipts.DUE)
        registry.add_step("outcomes", telling.tell_again, order=57, due=telling.UNTOLD)
        registry.add_step("digests", lambda: bundling.tell_due(telling.tell), order=55, due=bundling.UNTOLD)
        _keep_house()


def _keep_house() -> None:
    """Seal what is in the clear, and move what is over out of the way."""
    from core.events import housekeeping  # noqa: PLC0415
    from core.outbox import history, registry, sealing  # noqa: PLC0415

    registry.add_companion("housekeeping", housekeeping.keep_house)
    sealing.keep(sealing.Column("outbox_message", "address", had_clear=True))
    sealing.keep(sealing.Column("outbox_message", "secret"))
    sealing.keep(sealing.Column("outbox_pastmessage", "address"))
    housekeeping.add("seal addresses", sealing.seal_some)
    housekeeping.add("move to the history", history.move_some)
    housekeeping.add("drop old history", history.drop_old)
    housekeeping.prune("outbox_workerbeat", "seen_at < now() - interval '1 day'")
