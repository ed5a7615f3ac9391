import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo import company
from config.demo.people import PEOPLE
from core.stack.processes import write_private


class Command(BaseCommand):
    help = "Make the sample company, once. Its logins are written to logins.json in the data folder."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The sample company is for evaluation; production starts empty.")
        if company.exists():
            self.stdout.write("The sample company is there already.")
            return
        made = company.build()
        logins = [
            {
                "email": sample.email,
                "name": sample.name,
                "role": sample.role,
                "password": made.passwords[sample.email.split("@")[0]],
            }
            for sample in PEOPLE
        ]
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        write_private(
            settings.DATA_DIR / "logins.json", json.dumps({"logins": logins, "curl": made.curl}, indent=1)
        )
        self.stdout.write(f"The sample company is made; {len(logins)} people can sign in.")
