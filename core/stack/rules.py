"""What is wrong with an install, a sentence each: the trouble, then how to mend it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

OLDEST_POSTGRES = 15
SECRET_KEY_CHARACTERS = 50
SECRET_KEY_VARIETY = 15
"""So many different characters have 50 random ones, but for one in a million."""
HEX_VARIETY = 10
"""So many have 64 that are digits and a to f, as `openssl rand -hex 32` gives them."""
LEAST_CHARACTERS = 20
"""A key of fewer is one that somebody typed."""
_TYPED = re.compile(
    r"change.?(me|this|it)|insecure|only-while-building|secret.?key|pass.?word|example|watchbill", re.I
)
_REPEATED = re.compile(r"(.+?)\1+")
GATEWAY_SECRET_CHARACTERS = 32
SKEW_SECONDS = 5.0
PAGER_SECONDS = 10.0
FREE_SHARE = 0.10
SNAPSHOT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Database:
    """What Postgres said of itself; `pager_seconds` is the age of the newest finished round, if there is one."""

    version: int
    fsync: str
    synchronous_commit: str
    clock_skew_seconds: float
    pending_migrations: int
    admins: int = 0
    pager_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway for texts ("SMS") or calls ("VOICE"), and whether it is to tell us something, from elsewhere."""

    name: str
    tells: bool
    secret_length: int
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the doctor found. An error is the reason a server could not be asked, "" when it could."""

    base_url: str
    base_host_allowed: bool
    production: bool
    debug: bool
    secret_key_length: int
    email_url: str
    database_place: str
    database_error: str
    redis_place: str
    redis_error: str
    data_folder: str
    free_share: float
    database: Database | None
    reports_wanted: bool = False
    secret_key_variety: int = SECRET_KEY_VARIETY
    secret_key_is_hex: bool = False
    needs_earlier_key: bool | None = None
    snapshot_seconds: float | None = 0.0
    gateways: tuple[Gateway, ...] = ()


def complaints(facts: Facts) -> list[str]:
    """Everything that is wrong, the gravest first."""
    return [
        *_servers(facts),
        *_addresses(facts),
        *(complaint for gateway in facts.gateways for complaint in _gateway(gateway, facts.base_url)),
        *_production(facts),
        *_break_glass(facts),
        *_disk(facts),
    ]


def is_hex(key: str) -> bool:
    """Whether a key is made of digits and a to f alone."""
    return re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", key) is not None


def refused_key(key: str) -> str:
    """Why production does not start with a SECRET_KEY: there is none, or it is no random one; "" where it does."""
    make = f"set it to {SECRET_KEY_CHARACTERS} random characters"
    if not key:
        return f"SECRET_KEY is missing: {make} and keep it."
    typed = len(key) < LEAST_CHARACTERS or _TYPED.search(key) or _REPEATED.fullmatch(key)
    if not typed and len(set(key)) >= HEX_VARIETY:
        return ""
    return (
        f"SECRET_KEY is no random one, so whoever guesses it signs in as anybody: {make}, put the present one into"
        " SECRET_KEY_FALLBACKS, start again and run `manage.py rotate_keys`."
    )


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine and no further."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _servers(facts: Facts) -> Iterator[str]:
    if facts.database is None:
        yield (
            f"Postgres does not answer at {facts.database_place} ({facts.database_error}):"
            " start it, or correct DATABASE_URL."
        )
    else:
        yield from _database(facts.database, facts.base_url)
    if facts.redis_error:
        yield (
            f"Redis does not answer at {facts.redis_place} ({facts.redis_error}):"
            " pages still go out, a second later; start it, or correct REDIS_URL."
        )


def _database(database: Database, base_url: str) -> Iterator[str]:
    if database.version < OLDEST_POSTGRES:
        yield f"Postgres {database.version} is too old: move the database to {OLDEST_POSTGRES} or later."
    for name, value in (("fsync", database.fsync), ("synchronous_commit", database.synchronous_commit)):
        if value == "off":
            yield (
                f"Postgres runs with {name} off, so a power cut can lose an accepted alert:"
                f" set {name} = on in postgresql.conf and reload."
            )
    if abs(database.clock_skew_seconds) > SKEW_SECONDS:
        yield (
            f"The clocks of this machine and of Postgres are {abs(database.clock_skew_seconds):.0f} s apart:"
            " set both by NTP."
        )
    if database.pending_migrations:
        yield f"{_count(database.pending_migrations, 'migration')} not applied: run `manage.py migrate`."
    else:
        yield from _people_and_pager(database, base_url)


def _people_and_pager(database: Database, base_url: str) -> Iterator[str]:
    if database.admins == 0:
        yield (
            f"Nobody is admin: open {base_url}/setup/ on an empty install,"
            " or run `manage.py createsuperuser`."
        )
    if database.pager_seconds is None:
        yield "No pager has ever finished a round: start `manage.py pagerd`, two of them in production."
    elif database.pager_seconds > PAGER_SECONDS:
        yield (
            f"The pager last finished a round {database.pager_seconds:.0f} s ago:"
            " start `manage.py pagerd` again and read its log."
        )


def _addresses(facts: Facts) -> Iterator[str]:
    if facts.base_url.startswith("http://") and not is_loopback(facts.base_url):
        yield (
            f"BASE_URL is {facts.base_url}, so passwords cross the network unencrypted:"
            " put a proxy with a certificate in front and set BASE_URL to its https address."
        )
    if facts.reports_wanted and is_loopback(facts.base_url):
        yield (
            f"Twilio cannot report to {facts.base_url}, so every text and call counts as not arrived:"
            " set BASE_URL to an address it reaches, or SMS_RECEIPT_SECONDS and VOICE_RECEIPT_SECONDS to 0."
        )
    if not facts.base_host_allowed:
        host = urlsplit(facts.base_url).hostname
        yield f"ALLOWED_HOSTS lacks {host}, the host of BASE_URL, so every page answers 400: add it."


def _gateway(gateway: Gateway, base_url: str) -> Iterator[str]:
    name = f"{gateway.name}_GATEWAY_SECRET"
    if gateway.tells and gateway.is_elsewhere and is_loopback(base_url):
        yield (
            f"The gateway of {gateway.name}_GATEWAY_URL cannot reach {base_url} to tell us anything:"
            " set BASE_URL to an address it reaches."
        )
    if gateway.tells and not gateway.secret_length:
        yield (
            f"{name} is missing, so nothing that the gateway tells is believed:"
            f" set it to {GATEWAY_SECRET_CHARACTERS} random characters, here and there."
        )
    elif 0 < gateway.secret_length < GATEWAY_SECRET_CHARACTERS:
        yield (
            f"{name} has only {gateway.secret_length} characters, so it may be guessed:"
            f" use {GATEWAY_SECRET_CHARACTERS} random ones."
        )


def _production(facts: Facts) -> Iterator[str]:
    yield from _keys(facts)
    if not facts.production:
        return
    if facts.secret_key_length == 0:
        yield f"SECRET_KEY is missing: set it to {SECRET_KEY_CHARACTERS} random characters and keep it."
    elif facts.secret_key_length < SECRET_KEY_CHARACTERS:
        yield (
            f"SECRET_KEY has only {facts.secret_key_length} characters: use {SECRET_KEY_CHARACTERS} random"
            " ones, with the present one in SECRET_KEY_FALLBACKS for a month."
        )
    if not facts.email_url:
        yield "EMAIL_URL is empty, so no e-mail leaves: set it, as smtp+starttls://user:password@host:587."
    if facts.debug:
        yield "DEBUG is on, so error pages show settings to anybody: take DEBUG out of the environment."


def _break_glass(facts: Facts) -> Iterator[str]:
    if facts.snapshot_seconds is None or facts.snapshot_seconds > SNAPSHOT_SECONDS:
        yield (
            "BREAK_GLASS is on and who is on call was not written down lately: start `manage.py pagerd`, and see that it"
            " may write to SPOOL_DIR."
        )


def _keys(facts: Facts) -> Iterator[str]:
    least = HEX_VARIETY if facts.secret_key_is_hex else SECRET_KEY_VARIETY
    if facts.secret_key_length and facts.secret_key_variety < least:
        yield (
            "SECRET_KEY can be guessed, and phone numbers and channel secrets are sealed with it: set it to"
            f" {SECRET_KEY_CHARACTERS} random characters, the present one in SECRET_KEY_FALLBACKS, and run"
            " `manage.py rotate_keys`."
        )
    if facts.needs_earlier_key:
        yield "Secrets are still sealed with a key in SECRET_KEY_FALLBACKS: run `manage.py rotate_keys`."
    elif facts.needs_earlier_key is False:
        yield (
            "Nothing is sealed with the keys in SECRET_KEY_FALLBACKS any more: empty it once nobody uses links"
            " and sign-ins of before."
        )


def _disk(facts: Facts) -> Iterator[str]:
    if facts.free_share < FREE_SHARE:
        yield (
            f"Only {facts.free_share * 100:.0f} % of the disk of {facts.data_folder} is free:"
            " make room before Postgres stops for want of it."
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
