from dataclasses import replace
from typing import Any

import pytest

from core.stack.rules import Database, Facts, Gateway, complaints, is_loopback

FINE = Facts(
    base_url="https://watchbill.example.com",
    base_host_allowed=True,
    production=True,
    debug=False,
    secret_key_length=50,
    email_url="smtp://mail.example.com",
    database_place="db:5432/watchbill",
    database_error="",
    redis_place="redis:6379/0",
    redis_error="",
    data_folder="/var/lib/watchbill",
    free_share=0.4,
    database=Database(
        version=18,
        fsync="on",
        synchronous_commit="on",
        clock_skew_seconds=0.01,
        pending_migrations=0,
        admins=1,
        pager_seconds=0.4,
    ),
)
LOCAL = replace(FINE, production=False, base_url="http://127.0.0.1:8000", email_url="", secret_key_length=0)


def database(**changes: Any) -> dict[str, Any]:
    assert FINE.database is not None
    return {"database": replace(FINE.database, **changes)}


def test_nothing_is_said_of_a_sound_install() -> None:
    assert complaints(FINE) == []


def test_a_gateway_that_tells_nothing_needs_no_secret() -> None:
    quiet = (Gateway("SMS", tells=False, secret_length=0), Gateway("VOICE", tells=True, secret_length=32))
    assert complaints(replace(FINE, gateways=quiet)) == []


def test_what_only_production_needs_is_not_asked_of_a_local_run() -> None:
    assert complaints(LOCAL) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"database": None, "database_error": "Connection refused"},
            "Postgres does not answer at db:5432/watchbill (Connection refused): start it, or correct DATABASE_URL.",
        ),
        (database(version=14), "Postgres 14 is too old: move the database to 15 or later."),
        (database(pending_migrations=1), "1 migration is not applied: run `manage.py migrate`."),
        (database(pending_migrations=3), "3 migrations are not applied: run `manage.py migrate`."),
        (
            {"redis_error": "Connection refused"},
            "Redis does not answer at redis:6379/0 (Connection refused):"
            " pages still go out, a second later; start it, or correct REDIS_URL.",
        ),
        (
            database(fsync="off"),
            "Postgres runs with fsync off, so a power cut can lose an accepted alert:"
            " set fsync = on in postgresql.conf and reload.",
        ),
        (
            database(synchronous_commit="off"),
            "Postgres runs with synchronous_commit off, so a power cut can lose an accepted alert:"
            " set synchronous_commit = on in postgresql.conf and reload.",
        ),
        (
            {"base_url": "http://watchbill.example.com"},
            "BASE_URL is http://watchbill.example.com, so passwords cross the network unencrypted:"
            " put a proxy with a certificate in front and set BASE_URL to its https address.",
        ),
        (
            {"secret_key_length": 0},
            "SECRET_KEY is missing: set it to 50 random characters and keep it.",
        ),
        (
            {"secret_key_length": 12},
            "SECRET_KEY has only 12 characters: use 50 random ones,"
            " with the present one in SECRET_KEY_FALLBACKS for a month.",
        ),
        (
            {"secret_key_variety": 6},
            "SECRET_KEY can be guessed, and phone numbers and channel secrets are sealed with it: set it to"
            " 50 random characters, the present one in SECRET_KEY_FALLBACKS, and run `manage.py rotate_keys`.",
        ),
        (
            {"snapshot_seconds": None},
            "BREAK_GLASS is on and who is on call was not written down lately:"
            " start `manage.py pagerd`, and see that it may write to SPOOL_DIR.",
        ),
        (
            {"needs_earlier_key": True},
            "Secrets are still sealed with a key in SECRET_KEY_FALLBACKS: run `manage.py rotate_keys`.",
        ),
        (
            {"needs_earlier_key": False},
            "Nothing is sealed with the keys in SECRET_KEY_FALLBACKS any more:"
            " empty it once nobody uses links and sign-ins of before.",
        ),
        (
            {"email_url": ""},
            "EMAIL_URL is empty, so no e-mail leaves: set it, as smtp+starttls://user:password@host:587.",
        ),
        (
            {"debug": True},
            "DEBUG is on, so error pages show settings to anybody: take DEBUG out of the environment.",
        ),
        (
            {"base_url": "http://127.0.0.1:8000", "reports_wanted": True},
            "Twilio cannot report to http://127.0.0.1:8000, so every text and call counts as not arrived:"
            " set BASE_URL to an address it reaches, or SMS_RECEIPT_SECONDS and VOICE_RECEIPT_SECONDS to 0.",
        ),
        (
            {"gateways": (Gateway("SMS", tells=True, secret_length=0),)},
            "SMS_GATEWAY_SECRET is missing, so nothing that the gateway tells is believed:"
            " set it to 32 random characters, here and there.",
        ),
        (
            {
                "base_url": "http://127.0.0.1:8000",
                "gateways": (Gateway("VOICE", tells=True, secret_length=32, is_elsewhere=True),),
            },
            "The gateway of VOICE_GATEWAY_URL cannot reach http://127.0.0.1:8000 to tell us anything:"
            " set BASE_URL to an address it reaches.",
        ),
        (
            {"gateways": (Gateway("VOICE", tells=False, secret_length=8),)},
            "VOICE_GATEWAY_SECRET has only 8 characters, so it may be guessed: use 32 random ones.",
        ),
        (
            {"base_host_allowed": False},
            "ALLOWED_HOSTS lacks watchbill.example.com, the host of BASE_URL, so every page answers 400: add it.",
        ),
        (
            database(admins=0),
            "Nobody is admin: open https://watchbill.example.com/setup/ on an empty install,"
            " or run `manage.py createsuperuser`.",
        ),
        (
            database(pager_seconds=None),
            "No pager has ever finished a round: start `manage.py pagerd`, two of them in production.",
        ),
        (
            database(pager_seconds=42.4),
            "The pager last finished a round 42 s ago: start `manage.py pagerd` again and read its log.",
        ),
        (
            database(clock_skew_seconds=-7.2),
            "The clocks of this machine and of Postgres are 7 s apart: set both by NTP.",
        ),
        (
            {"free_share": 0.093},
            "Only 9 % of the disk of /var/lib/watchbill is free: make room before Postgres stops for want of it.",
        ),
    ],
)
def test_each_trouble_has_its_sentence_with_the_remedy(changes: dict[str, Any], sentence: str) -> None:
    assert complaints(replace(FINE, **changes)) == [sentence]


def test_a_limit_that_is_just_met_is_no_trouble() -> None:
    at_the_limit = replace(
        FINE, free_share=0.10, **database(clock_skew_seconds=5.0, pager_seconds=10.0, version=15)
    )
    assert complaints(at_the_limit) == []


def test_one_trouble_does_not_hide_another() -> None:
    assert len(complaints(replace(FINE, redis_error="gone", email_url="", free_share=0.01))) == 3


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("http://127.8.8.8", True),
        ("http://10.0.0.5", False),
        ("http://watchbill.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(url: str, loopback: bool) -> None:  # noqa: FBT001
    assert is_loopback(url) is loopback
