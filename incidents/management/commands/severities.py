from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from incidents.severities import operations, queries

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Show the severities in use, or put one of the shipped scales in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(queries.preset_names())
        parser.add_argument("--preset", metavar="NAME", help=f"One of {names}. Incidents keep their rank.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["preset"]:
            try:
                operations.install_preset(options["preset"])
            except Refused as refused:
                raise CommandError(str(refused)) from refused
        for level in queries.levels():
            every = (
                f"updates every {level.update_every_seconds // 60} min"
                if level.update_every_seconds
                else "no rhythm"
            )
            aliases = f" (also {', '.join(level.aliases)})" if level.aliases else ""
            self.stdout.write(
                f"{level.rank}  {level}{aliases}: {every}, {level.get_paging_display().lower()}"
            )
