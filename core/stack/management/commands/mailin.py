import signal
from typing import Any

from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.callbacks import mail


class Command(BaseCommand):
    """Take answers to pages by mail, until SIGTERM or Ctrl-C."""

    help = "Take answers to pages by mail, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen in a thread of its own and wait for the end."""
        if not settings.MAIL_REPLY_DOMAIN:
            raise CommandError("Set MAIL_REPLY_DOMAIN to the domain whose mail comes here.")
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        controller = Controller(
            mail.Door(),
            hostname=settings.MAILIN_HOST,
            port=settings.MAILIN_PORT,
            data_size_limit=mail.MOST_BYTES,
            ident="Watchbill",
        )
        controller.start()
        signal.sigwait(ends)
        controller.stop()
