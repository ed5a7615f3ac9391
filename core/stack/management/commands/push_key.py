from typing import Any

from django.core.management.base import BaseCommand

from core.channels.push import vapid


class Command(BaseCommand):
    """Print a new VAPID_PRIVATE_KEY. Browsers that subscribed to another one must subscribe again."""

    help = "Print a new VAPID_PRIVATE_KEY. Browsers that subscribed to another one must subscribe again."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it alone on its line."""
        self.stdout.write(vapid.new_key())
