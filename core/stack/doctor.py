"""Ask the settings, the servers and the disk; `rules.complaints` says what of it is wrong."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.accounts.models import Role, User
from core.channels import gateway, twilio
from core.outbox import sealing
from core.stack import rules
from core.stack.rules import Database, Facts, Gateway, is_loopback


def examine() -> Facts:
    """Everything the doctor looks at, within a few seconds whatever is down."""
    database, database_error = _database()
    folder = settings.DATA_DIR if settings.DATA_DIR.exists() else settings.BASE_DIR
    usage = shutil.disk_usage(folder)
    return Facts(
        base_url=settings.BASE_URL,
        base_host_allowed=validate_host(settings.HOST, settings.ALLOWED_HOSTS),
        production=settings.PRODUCTION,
        debug=settings.DEBUG,
        secret_key_length=_secret_key_length(),
        secret_key_variety=_secret_key_variety(),
        secret_key_is_hex=bool(_secret_key_length()) and rules.is_hex(settings.SECRET_KEY),
        snapshot_seconds=_snapshot_seconds(),
        needs_earlier_key=_needs_earlier_key(database),
        email_url=settings.EMAIL_URL,
        database_place=_place(settings.DATABASE_URL) or "127.0.0.1:5432, as no DATABASE_URL is set",
        database_error=database_error,
        redis_place=_place(settings.REDIS_URL) or "127.0.0.1:6379, as no REDIS_URL is set",
        redis_error=_redis_error(),
        data_folder=str(folder),
        free_share=usage.free / usage.total,
        database=database,
        reports_wanted=_reports_wanted(),
        gateways=_gateways(),
    )


def _database() -> tuple[Database | None, str]:
    try:
        # Not by the pool, which would answer late and without the reason.
        psycopg.connect(settings.DATABASE_URL or "postgresql://127.0.0.1", connect_timeout=2).close()
        return _asked(), ""
    except (psycopg.Error, Error) as error:
        return None, _first_line(error)


def _asked() -> Database:
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute(
            "select current_setting('server_version_num')::int / 10000, current_setting('fsync'),"
            " current_setting('synchronous_commit'), clock_timestamp()"
        )
        version, fsync, synchronous_commit, at = cursor.fetchone() or (0, "", "", before)
        skew = (at - (before + (datetime.now(UTC) - before) / 2)).total_seconds()
        plain = Database(version, fsync, synchronous_commit, skew, pending)
        if pending:
            return plain
        cursor.execute(
            "select extract(epoch from now() - max(drained_at)) from outbox_workerbeat where kind = 'pagerd'"
        )
        (seconds,) = cursor.fetchone() or (None,)
    admins = User.objects.filter(role=Role.ADMIN, is_active=True).count()
    pager_seconds = None if seconds is None else float(seconds)
    return Database(version, fsync, synchronous_commit, skew, 0, admins, pager_seconds)


def _redis_error() -> str:
    url = settings.REDIS_URL or "redis://127.0.0.1:6379/0"
    try:
        with redis.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        ) as client:
            client.ping()
    except redis.RedisError as error:
        return _first_line(error)
    return ""


def _secret_key_length() -> int:
    try:
        return len(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return 0


def _secret_key_variety() -> int:
    return len(set(settings.SECRET_KEY)) if _secret_key_length() else 0


def _needs_earlier_key(database: Database | None) -> bool | None:
    """Whether something is sealed with an earlier key; None where there is none, or nobody to ask."""
    if not settings.SECRET_KEY_FALLBACKS or database is None or database.pending_migrations:
        return None
    try:
        return not sealing.are_current()
    except Error:
        return None


def _snapshot_seconds() -> float | None:
    """How old is what break-glass pages from; None where there is none, 0 where none is wanted."""
    if not settings.BREAK_GLASS:
        return 0.0
    try:
        return time.time() - (settings.SPOOL_DIR / "oncall.snapshot").stat().st_mtime
    except OSError:
        return None


def _reports_wanted() -> bool:
    """Whether messages go out that count only once Twilio has reported on them."""
    texts = settings.TWILIO_SMS_FROM and settings.SMS_RECEIPT_SECONDS
    calls = settings.TWILIO_VOICE_FROM and settings.VOICE_RECEIPT_SECONDS
    return twilio.is_configured() and bool(texts or calls)


def _gateways() -> tuple[Gateway, ...]:
    """Every gateway that is set up."""
    return tuple(
        Gateway(
            each.kind.upper(),
            each.tells,
            len(each.setting("SECRET")),
            is_elsewhere=not is_loopback(each.setting("URL")),
        )
        for each in (gateway.SMS, gateway.VOICE)
        if each.is_configured
    )


def _place(url: str) -> str:
    """Host, port and name of an address, never its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or ''}{parts.path}".rstrip(":") if parts.hostname else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
