from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.channels.registry import Permanent, Temporary, Unknown
from core.channels.telegram import transport, updates


class Command(BaseCommand):
    help = "Tell Telegram where to report pressed buttons, and the secret by which its reports are known."

    def handle(self, *_args: object, **_options: object) -> None:
        """Set the bot's webhook."""
        if not settings.TELEGRAM_BOT_TOKEN:
            raise CommandError("Set TELEGRAM_BOT_TOKEN first.")
        url = f"{settings.BASE_URL}/callbacks/telegram/"
        said = {
            "url": url,
            "secret_token": updates.secret(),
            "allowed_updates": ["message", "callback_query"],
        }
        try:
            transport.ask("setWebhook", said, timeout=5.0)
        except (Permanent, Temporary, Unknown) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Telegram reports to {url}")
