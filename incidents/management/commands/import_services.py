from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from core.accounts.models import Team, User
from core.errors import Refused
from incidents.inventory import operations
from incidents.inventory.queries import What

if TYPE_CHECKING:
    from argparse import ArgumentParser

MARKS = {What.NEW: "+", What.CHANGED: "~", What.SAME: "=", What.REFUSED: "!"}


class Command(BaseCommand):
    help = (
        "Show what a YAML file of services, or a catalog-info.yaml of Backstage, does; with --confirm do it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="See docs/catalog.md.")
        parser.add_argument(
            "--as", dest="who", metavar="EMAIL", required=True, help="In whose name, with their rights."
        )
        parser.add_argument("--team", help="The slug of the team that owns what names no team.")
        parser.add_argument("--confirm", action="store_true", help="Import what is shown.")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.active().filter(email__iexact=options["who"]).first()
        team = Team.objects.filter(slug=options["team"]).first() if options["team"] else None
        if actor is None:
            raise CommandError(f"Nobody here has the address {options['who']}.")
        if options["team"] and team is None:
            raise CommandError(f"There is no team “{options['team']}”.")
        act = operations.bring_in if options["confirm"] else operations.plan
        try:
            found = act(Path(options["file"]).read_text(encoding="utf-8-sig"), team=team, actor=actor)
        except (OSError, UnicodeDecodeError, Refused, PermissionDenied) as reason:
            raise CommandError(str(reason)) from reason
        for step in found.steps:
            said = "; ".join(step.says)
            self.stdout.write(
                f"{MARKS[step.what]} line {step.entry.line}: {step.name}{f': {said}' if said else ''}"
            )
            for words in step.left_out:
                self.stdout.write(f"    left out: {words}")
        if not options["confirm"]:
            self.stdout.write("Nothing was changed. With --confirm it is imported.")
