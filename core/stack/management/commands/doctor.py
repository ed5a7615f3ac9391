import sys
from typing import Any

from django.core.management.base import BaseCommand

from core.stack import doctor, rules


class Command(BaseCommand):
    help = "Say what is misconfigured and how to mend it; exit with 1 when something is."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        wrong = rules.complaints(doctor.examine())
        for sentence in wrong:
            self.stdout.write(f"- {sentence}")
        if wrong:
            sys.exit(1)
        self.stdout.write("Nothing is wrong.")
