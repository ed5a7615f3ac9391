from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from core.accounts.models import User
from core.errors import Refused
from core.tokens import operations

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Make an API token for a person. The token alone is on the last line of the output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`token create --email E --name N --scopes read,write,page,admin [--days D]`."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Make a token.")
        create.add_argument("--email", required=True, help="Whose token it is.")
        create.add_argument("--name", required=True, help="What it is for.")
        create.add_argument("--scopes", default="read", help="Comma-separated: read, write, page, admin.")
        create.add_argument("--days", type=int, help="How long it works; for ever when left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was made, then the token."""
        user = User.objects.active().filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody who can sign in has the e-mail {options['email']}.")
        days = options["days"]
        if days is not None and not 1 <= days <= 36500:
            raise CommandError("--days must be from 1 to 36500.")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            token, secret = operations.create(user, name=options["name"][:80], scopes=scopes, days=days)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        until = (
            "until it is revoked"
            if token.expires_at is None
            else f"until {token.expires_at:%Y-%m-%d %H:%M} UTC"
        )
        self.stderr.write(f"{token.name} of {user.email}: {', '.join(token.scopes)}, {until}.")
        self.stdout.write(secret)
