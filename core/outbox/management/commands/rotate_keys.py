from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.channels import secrets
from core.outbox import sealing


class Command(BaseCommand):
    help = (
        "Seal every stored secret and address anew with SECRET_KEY; then SECRET_KEY_FALLBACKS may be emptied."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Go batch by batch, so that it may run beside everything else and be repeated after an interruption."""
        self.stdout.write(f"{sum(iter(_seal_some, 0))} addresses in the clear were sealed.")
        for column in sealing.columns():
            try:
                total = sum(sealing.rotate(column))
            except secrets.CannotOpen as error:
                raise CommandError(f"{column.table}.{column.name}: {error}") from error
            self.stdout.write(f"{column.table}.{column.name}: {total} sealed anew.")


def _seal_some() -> int:
    with transaction.atomic():
        return sealing.seal_some()
