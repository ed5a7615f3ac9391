from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.ui.shell import Duty


class OncallConfig(AppConfig):
    name = "oncall"

    def ready(self) -> None:
        """Fill the registries: navigation, the watch box, who may hear what."""
        from core.live import registry as live  # noqa: PLC0415 - registries are filled when models are known
        from core.ui import shell  # noqa: PLC0415

        shell.add_nav(
            shell.NavItem("Prepare", "On-call", "calendar", "oncall:schedules", 10, key="o", tab=True)
        )
        shell.set_duty(_duty)
        for topic in ("oncall", "alerts"):
            live.allow(topic, live.anybody)
        live.allow("schedule", lambda _user, pk: pk.isdigit())


def _duty(user: User) -> Duty | None:
    from django.urls import reverse  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from django.utils.dateformat import format as write  # noqa: PLC0415

    from core.ui.shell import Duty  # noqa: PLC0415
    from oncall.schedules import queries  # noqa: PLC0415

    shift = queries.duty(user)
    if shift is None:
        return None
    until = write(timezone.localtime(shift.end), "D H:i")
    return Duty("You are on call", f"{shift.name}, until {until}", reverse("oncall:schedules"))
