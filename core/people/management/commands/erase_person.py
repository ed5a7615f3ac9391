from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from core.accounts.models import User
from core.errors import Refused
from core.people.erasure import operations, queries

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Say what erasing a person does, or with --yes do it, for good. Their account has to be off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="The address of the person's account.")
        parser.add_argument(
            "--by", required=True, metavar="EMAIL", help="The admin in whose name it is done."
        )
        parser.add_argument("--reason", default="", help="Why; it stays in the audit log.")
        parser.add_argument("--also", action="append", default=[], help="A further text that names them.")
        parser.add_argument("--yes", action="store_true", help="Do it.")

    def handle(self, *args: Any, **options: Any) -> None:
        user, actor = (User.objects.filter(email__iexact=options[one]).first() for one in ("email", "by"))
        if user is None or actor is None:
            raise CommandError("There is no account of that address.")
        outlook = queries.outlook(user)
        for one in outlook.own:
            self.stdout.write(f"{one.what}: {'if any' if one.count is None else one.count}")
        found = "in every text" if outlook.finds_name else "not in texts: one word, or shared with somebody"
        self.stdout.write(f"Their name is replaced where they did something, and {found}.")
        if not options["yes"]:
            self.stdout.write("Nothing was changed. Add --yes and --reason to do it.")
            return
        try:
            gone = operations.erase(user, reason=options["reason"], also=options["also"], actor=actor)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Done: what they did stands under {gone}.")
