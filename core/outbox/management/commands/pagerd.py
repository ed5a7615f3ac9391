from typing import Any

from django.core.management.base import BaseCommand

from core.outbox.pager import Pager


class Command(BaseCommand):
    help = "Page without Celery and Redis: do all that is due, every second, until stopped. Run two of them."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        Pager().run()
