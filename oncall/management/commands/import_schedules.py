from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from oncall.imports import operations
from oncall.imports.rules.report import Grade

if TYPE_CHECKING:
    from argparse import ArgumentParser

MARKS = {Grade.KEPT: "✅", Grade.CHANGED: "⚠️ ", Grade.LEFT_OUT: "❌"}
ACTIONS = {
    "create": "becomes",
    "update": "changes",
    "same": "is unchanged in",
    "edited": "was edited here since and is left alone:",
}


def _people(file: str) -> dict[str, str]:
    found = json.loads(Path(file).read_text(encoding="utf-8-sig"))
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise CommandError(f"{file} has to be an object from the tool's id to the address here.")
    return found


class Command(BaseCommand):
    help = (
        "Show what importing schedules of PagerDuty, Opsgenie or Grafana OnCall does; with --confirm do it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="What the API answered, as JSON; see docs/import.md.")
        parser.add_argument(
            "--people", metavar="FILE", help="Who is who, as JSON: their id there, e-mail here."
        )
        parser.add_argument("--confirm", action="store_true", help="Import what is shown.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = Path(options["file"]).read_text(encoding="utf-8-sig")
            who = _people(options["people"]) if options["people"] else {}
            started = operations.plan(text, people=who, actor=None)
            if options["confirm"]:
                operations.confirm(started, actor=None)
        except (OSError, ValueError, Refused) as reason:
            raise CommandError(str(reason)) from reason
        started.refresh_from_db()
        for one in started.report:
            self._show(one)
        if not options["confirm"]:
            self.stdout.write("Nothing was changed. With --confirm it is imported.")

    def _show(self, one: dict[str, Any]) -> None:
        self.stdout.write(f"{one['name']} {ACTIONS[one['action']]} {one['schedule']['name']}")
        for line in one["lines"]:
            minutes = f" ({line['minutes']} min)" if line["minutes"] is not None else ""
            self.stdout.write(f"  {MARKS[Grade(line['grade'])]} {line['rule']}: {line['sentence']}{minutes}")
        if compared := one["comparison"]:
            self.stdout.write(f"  {compared['different']} of {compared['minutes']} minutes differ")
