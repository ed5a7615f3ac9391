from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.stack import local
from core.stack.binaries import NoBinary
from core.stack.embedded import DidNotStart
from core.stack.identity import NoIdentity


class Command(BaseCommand):
    help = "Run Watchbill here: its servers, its database, its web, worker, beat and pager, until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            code = local.run(local.given())
        except (local.CannotStart, NoBinary, NoIdentity, DidNotStart) as error:
            raise CommandError(str(error)) from error
        if code:
            raise CommandError("Watchbill stopped because something kept failing; the lines above say what.")
