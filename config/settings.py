"""Django's settings. What an operator can change is read through `config.env` and documented in docs/settings.md."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.env import BASE_DIR, DATA_DIR
from core.stack import rules

django_stubs_ext.monkeypatch()  # so that generic classes of Django can be written with their type at run time

# Addresses ------------------------------------------------------------------------------------------------------

PORT = env.number("WATCHBILL_PORT", 8000, "The port that `make up` serves on, 127.0.0.1 only.")
WEB_WORKERS = env.number("WEB_WORKERS", 1, "Web processes that `make up` runs behind that port.")
BASE_URL = env.text(
    "BASE_URL", f"http://127.0.0.1:{PORT}", "The address people use. Every link that is sent starts with it."
).rstrip("/")
HTTPS = BASE_URL.startswith("https://")
HOST = urlsplit(BASE_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", f"{HOST},127.0.0.1,localhost", "Host names that are answered; any other gets 400."
)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUSTED_PROXIES = env.number(
    "TRUSTED_PROXIES",
    0,
    "How many reverse proxies stand in front; the client's address is taken that far from the right.",
)

# Secrets --------------------------------------------------------------------------------------------------------

PRODUCTION = env.flag(
    "WATCHBILL_PRODUCTION", False, "Set by docker-compose.yml: no sample company, strict start-up checks."
)
DEBUG = env.flag("DEBUG", False, "Django's debug pages. Never outside your own machine.")
SECRET_KEY = env.text(
    "SECRET_KEY", "", "50 random characters; `make up` makes its own and keeps it in the data folder."
)
if not SECRET_KEY and not PRODUCTION:
    SECRET_KEY = secrets.token_urlsafe(50)
if PRODUCTION and (reason := rules.refused_key(SECRET_KEY)):
    raise ImproperlyConfigured(reason)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", "", "Earlier secret keys that still verify.")

# Servers --------------------------------------------------------------------------------------------------------

DATABASE_URL = env.text(
    "DATABASE_URL",
    "",
    "postgresql://user:password@host:5432/name, with `?sslmode=verify-full` and the like where it asks for TLS."
    " Empty: `make up` runs an embedded Postgres.",
)
REDIS_URL = env.text(
    "REDIS_URL", "", "redis://:password@host:6379/0. Empty: `make up` runs an embedded Redis."
)
EMAIL_URL = env.text(
    "EMAIL_URL",
    "",
    "smtp+starttls://user:password@host:587, smtps:// or smtp://. Empty: mail is written to the log.",
)
MAIL = env.mail(EMAIL_URL)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Watchbill <watchbill@localhost>", "The sender of every e-mail.")
POOL_SIZE = env.number("DATABASE_POOL_SIZE", 8, "Connections per process to Postgres.")

_DATABASE = env.database(DATABASE_URL or "postgresql://127.0.0.1/watchbill")
DATABASES = {
    "default": {
        **_DATABASE,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            **_DATABASE["OPTIONS"],
            "pool": {"min_size": 1, "max_size": POOL_SIZE, "timeout": 2},
            "connect_timeout": 2,
            "options": "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache"
        if REDIS_URL
        else "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": REDIS_URL or "watchbill",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1} if REDIS_URL else {},
    }
}

# Applications ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "core.accounts",
    "core.tokens",
    "core.events",
    "core.outbox",
    "core.callbacks",
    "core.timers",
    "core.live",
    "core.ui",
    "core.api",
    "core.people",
    "core.search",
    "core.audit",
    "core.stack",
    "core.watch",
    "incidents",
    "oncall",
    "statuspage",
    "postmortems",
    "core.accounts.admin_config.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.ui.middleware.SecurityHeaders",
    "core.stack.middleware.Monitoring",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "core.stack.middleware.FirstRun",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.accounts.middleware.Origin",
    "core.accounts.middleware.SignInRequired",
    "core.accounts.middleware.PersonTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.ui.middleware.RefusalAnswers",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.ui.context.shell",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ]
            if not DEBUG
            else [
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ],
            "builtins": ["django.templatetags.static", "core.ui.templatetags.ui"],
        },
    }
]

# People ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = HOME_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "core.accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = (
    False  # core.accounts.throttle keeps its buckets in Postgres, so they work without Redis
)
ACCOUNT_REAUTHENTICATION_TIMEOUT = 12 * 3600
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
PASSWORD_RESET_TIMEOUT = 3600
BUSINESS_HOURS = env.text(
    "BUSINESS_HOURS",
    "mon-fri 09:00-18:00",
    "When severities page that do so in business hours only, in TIME_ZONE.",
)
POSTMORTEM_DUE_HOURS = env.number(
    "POSTMORTEM_DUE_HOURS", 48, "How long after an incident was resolved its postmortem is due."
)
SESSION_DAYS = env.number("SESSION_DAYS", 30, "How long a sign-in lasts after the last visit.")
SESSION_ENGINE = "core.accounts.sessions"
SESSION_COOKIE_AGE = SESSION_DAYS * 86400
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.ui.views.csrf_failure"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = False  # the proxy in front answers http; an ingest address must never redirect
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # SECURE_SSL_REDIRECT, see above

# Time, language, files ------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
ORGANISATION_TIME_ZONE = env.text(
    "TIME_ZONE", "UTC", "The zone of a new person and of the status page, as Europe/Berlin."
)
LANGUAGE_CODE = "en-gb"
USE_I18N = False
FORMS_URLFIELD_ASSUME_HTTPS = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None  # elsewhere files are served where they lie
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 31536000 if PRODUCTION else 0
ATTACHMENT_MAX_MB = env.number(
    "ATTACHMENT_MAX_MB",
    5,
    "A file of an incident has at most so many megabytes; an incident holds 20 of these.",
)
ATTACHMENTS_PER_INCIDENT = env.number("ATTACHMENTS_PER_INCIDENT", 50, "An incident holds so many files.")
MAX_BODY_BYTES = max(6_000_000, (ATTACHMENT_MAX_MB + 1) * 1_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES  # `config.asgi` takes no larger request in
# The form of 30 rotations has 60 fields each, and more where many people share one.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# Paging engine: starting points, tuned by measurement (docs/sending.md) -----------------------------------------

PAGER_LEASE_SECONDS = env.number(
    "PAGER_LEASE_SECONDS", 15, "How long a claimed message belongs to one worker."
)
PAGER_GRACE_MS = env.number("PAGER_GRACE_MS", 1000, "How often `pagerd` looks by itself, without a nudge.")
PAGER_NOT_AFTER_HOURS = env.number(
    "PAGER_NOT_AFTER_HOURS", 24, "A page that could not be sent for so long expires, with an alarm."
)
PAGER_STORM_AFTER = env.number(
    "PAGER_STORM_AFTER",
    5,
    "So many pages reach a person, or a channel, in one way within a minute; what is more goes in a digest. 0: never.",
)
PAGER_DIGEST_SECONDS = env.number(
    "PAGER_DIGEST_SECONDS", 60, "How often such a digest goes out, as long as a storm lasts."
)
RELIANCE_PERCENT = env.number(
    "RELIANCE_PERCENT", 60, "From such a share on that one person handled, a service relies on them alone."
)
RELIANCE_LEAST = env.number(
    "RELIANCE_LEAST", 5, "With fewer alerts and incidents in the period a service relies on nobody."
)
PAGES_PER_NIGHT = env.number(
    "PAGES_PER_NIGHT",
    3,
    "So many pages a person gets per night before others are asked, unless an admin said so under Escalation. 0: no limit.",
)
CHANGES_LOOK_BACK_HOURS = env.number(
    "CHANGES_LOOK_BACK_HOURS",
    24,
    "Changes of so many hours before it broke are shown with an incident or alert.",
)
CHANGES_ROLLBACK_MINUTES = env.number(
    "CHANGES_ROLLBACK_MINUTES",
    15,
    "Made so shortly before it broke, a change is proposed to be taken back first.",
)
HANDOVER_REMIND_SECONDS = env.number(
    "HANDOVER_REMIND_SECONDS", 120, "Whom command is offered to is asked again after so long."
)
HANDOVER_LAPSE_SECONDS = env.number(
    "HANDOVER_LAPSE_SECONDS", 600, "An offer of command that nobody answered lapses after so long."
)
PRIVATE_MAILS_SAY_NOTHING = env.flag(
    "PRIVATE_MAILS_SAY_NOTHING",
    False,
    "Mails with the updates of a private incident say nothing of it to its members either, only that there is news.",
)
COMMAND_SPAN = env.number(
    "COMMAND_SPAN", 7, "More people than this reporting to one commander are too many to hear."
)
COMMAND_SPAN_IDEAL = env.number(
    "COMMAND_SPAN_IDEAL", 5, "So many people reporting to one commander are best."
)
UNCOORDINATED_RESPONDERS = env.number(
    "UNCOORDINATED_RESPONDERS", 3, "More people than this in a room without a role or a task are too many."
)
COMMANDER_SCHEDULE = env.text(
    "COMMANDER_SCHEDULE", "", "The slug of the schedule of who is on call to command. Empty: there is none."
)
SECURITY_SCHEDULE = env.text(
    "SECURITY_SCHEDULE",
    "",
    "The slug of the schedule that is paged when an incident is a matter of security. Empty: nobody is.",
)
OBSERVATION_DAYS = env.number(
    "OBSERVATION_DAYS", 7, "Something odd that was noted is forgotten after so many days."
)
EMERGENCY_ACCESS_MINUTES = env.number(
    "EMERGENCY_ACCESS_MINUTES",
    60,
    "An admin's emergency access to a private incident ends after so many minutes.",
)
EMERGENCY_ACCESS_PER_DAY = env.number(
    "EMERGENCY_ACCESS_PER_DAY", 5, "An admin may ask for emergency access so often in 24 hours."
)
RUNBOOK_STALE_DAYS = env.number(
    "RUNBOOK_STALE_DAYS", 90, "A runbook that nobody has tested or checked for so many days is stale."
)
CHANGES_KEPT_DAYS = env.number("CHANGES_KEPT_DAYS", 90, "Reported changes are forgotten after so many days.")
HISTORY_AFTER_DAYS = env.number(
    "HISTORY_AFTER_DAYS", 7, "Messages that ended so long ago move to the history, in partitions by month."
)
HISTORY_MONTHS = env.number(
    "HISTORY_MONTHS", 24, "So many whole months of history are kept, older ones are dropped. 0: all of it."
)
SMTP_TIMEOUT_SECONDS = env.number(
    "SMTP_TIMEOUT_SECONDS", 5, "Time-out of one conversation with the mail server."
)
MAIL_REPLY_DOMAIN = env.text(
    "MAIL_REPLY_DOMAIN",
    "",
    "The domain whose mail `manage.py mailin` takes, as pages.example.com. Empty: no answers by mail.",
).lower()
MAILIN_HOST = env.text("MAILIN_HOST", "127.0.0.1", "The address that `manage.py mailin` listens on.")
MAILIN_PORT = env.number("MAILIN_PORT", 2525, "The port that `manage.py mailin` listens on.")
PHONE_PREFIXES = env.words(
    "PHONE_PREFIXES",
    "",
    "Where text messages and calls may go, as +49,+1 for Germany and North America. Empty: anywhere.",
)
SMS_PRICE = env.amount("SMS_PRICE", "0.10", "What a text costs you, for SPEND_LIMIT.")
VOICE_PRICE = env.amount("VOICE_PRICE", "0.10", "What a call costs you, for SPEND_LIMIT.")
SPEND_LIMIT = env.amount(
    "SPEND_LIMIT",
    "0",
    "What texts and calls may cost within 24 h; then only pages of high urgency go so. 0: no limit.",
)
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID", "", "The Twilio account that sends, as AC….")
TWILIO_AUTH_TOKEN = env.text(
    "TWILIO_AUTH_TOKEN", "", "Its auth token: proves who we are to Twilio, and Twilio's call-backs to us."
)
TWILIO_SMS_FROM = env.text(
    "TWILIO_SMS_FROM", "", "The Twilio number that texts come from, or a messaging service, as MG…."
)
TWILIO_VOICE_FROM = env.text("TWILIO_VOICE_FROM", "", "The Twilio number that calls come from.")
TWILIO_URL = env.text("TWILIO_URL", "https://api.twilio.com", "Where Twilio's API answers.").rstrip("/")
SMS_PROVIDERS = env.words(
    "SMS_PROVIDERS", "twilio,gateway", "Who carries texts: the first that is set up, then who stands in."
)


def _how_asked(gateway: str) -> tuple[str, str]:
    headers = "Its headers, as Authorization: Bearer abc; Content-Type: application/json."
    return (
        env.text(f"{gateway}_METHOD", "POST", "How it is asked: GET, POST or PUT.").upper(),
        env.text(f"{gateway}_HEADERS", "", headers),
    )


SMS_GATEWAY_URL = env.text(
    "SMS_GATEWAY_URL", "", "An HTTP gateway for texts; {to}, {text}, {id} and {callback} are filled in."
)
SMS_GATEWAY_METHOD, SMS_GATEWAY_HEADERS = _how_asked("SMS_GATEWAY")
SMS_GATEWAY_BODY = env.text(
    "SMS_GATEWAY_BODY",
    '{"to": "{to}", "text": "{text}", "id": "{id}"}',
    "Its body; {to}, {text}, {id} and {callback} are filled in as its Content-Type wants.",
)
SMS_GATEWAY_SECRET = env.text(
    "SMS_GATEWAY_SECRET", "", "Proves that a report or a text comes from this gateway, which signs with it."
)
SMS_GATEWAY_REPLIES = env.flag(
    "SMS_GATEWAY_REPLIES",
    False,
    "It posts the texts that people send to its number to us, so that a page can say `Reply ACK`.",
)
SMS_RECEIPT_SECONDS = env.number(
    "SMS_RECEIPT_SECONDS",
    60,
    "A text that is not reported as arrived for so long is followed by another way; 0: no reports.",
)
VOICE_PROVIDERS = env.words(
    "VOICE_PROVIDERS", "twilio,gateway", "Who calls: the first that is set up, then who stands in."
)
VOICE_GATEWAY_URL = env.text(
    "VOICE_GATEWAY_URL",
    "",
    "An HTTP gateway for calls; {to}, {text}, {keys}, {id} and {callback} are filled in.",
)
VOICE_GATEWAY_SECRET = env.text(
    "VOICE_GATEWAY_SECRET", "", "Proves that a key or a report comes from this gateway, which signs with it."
)
VOICE_GATEWAY_BODY = env.text(
    "VOICE_GATEWAY_BODY",
    '{"to": "{to}", "text": "{text}", "keys": "{keys}", "id": "{id}", "callback": "{callback}"}',
    "Its body; the same is filled in as its Content-Type wants.",
)
VOICE_GATEWAY_METHOD, VOICE_GATEWAY_HEADERS = _how_asked("VOICE_GATEWAY")
VOICE_RECEIPT_SECONDS = env.number(
    "VOICE_RECEIPT_SECONDS",
    120,
    "A call that is not reported on for so long is followed by another way; 0: no reports.",
)
SLACK_BOT_TOKEN = env.text("SLACK_BOT_TOKEN", "", "The token of your Slack app's bot, as xoxb-….")
SLACK_SIGNING_SECRET = env.text(
    "SLACK_SIGNING_SECRET", "", "Its signing secret: proves that a pressed button comes from Slack."
)
SLACK_URL = env.text("SLACK_URL", "https://slack.com", "Where Slack's API answers.").rstrip("/")
TELEGRAM_BOT_TOKEN = env.text("TELEGRAM_BOT_TOKEN", "", "The token of your Telegram bot, as 123456:ABC….")
TELEGRAM_URL = env.text(
    "TELEGRAM_URL", "https://api.telegram.org", "Where Telegram's bot API answers."
).rstrip("/")
MATTERMOST_URL = env.text("MATTERMOST_URL", "", "Your Mattermost, as https://chat.example.com.").rstrip("/")
MATTERMOST_TOKEN = env.text("MATTERMOST_TOKEN", "", "The token of your bot account there.")
DISCORD_BOT_TOKEN = env.text("DISCORD_BOT_TOKEN", "", "The token of your Discord application's bot.")
DISCORD_PUBLIC_KEY = env.text(
    "DISCORD_PUBLIC_KEY", "", "Its public key: proves that a pressed button comes from Discord."
)
DISCORD_URL = env.text("DISCORD_URL", "https://discord.com/api/v10", "Where Discord's API answers.").rstrip(
    "/"
)
VAPID_PRIVATE_KEY = env.text(
    "VAPID_PRIVATE_KEY",
    "",
    "The key for push notifications; `make up` makes its own, `manage.py push_key` prints a new one.",
)
PUSHOVER_TOKEN = env.text("PUSHOVER_TOKEN", "", "The token of the Pushover application that sends.")
PUSHOVER_URL = env.text("PUSHOVER_URL", "https://api.pushover.net", "Where Pushover's API answers.").rstrip(
    "/"
)
MATRIX_URL = env.text(
    "MATRIX_URL", "", "The homeserver of the Matrix account that sends, as https://matrix.example.org."
).rstrip("/")
MATRIX_TOKEN = env.text("MATRIX_TOKEN", "", "The access token of that account.")
PRIVATE_TARGETS = env.words(
    "PRIVATE_TARGETS",
    "",
    "Networks outside the public internet that webhooks may reach, as 10.1.0.0/16,127.0.0.1/32.",
)
SELF_WATCH = env.flag(
    "SELF_WATCH",
    True,
    "`pagerd` sends a test page the whole way each minute and tells admins when something is stuck.",
)
WEB_URL = env.text(
    "WEB_URL", f"http://127.0.0.1:{PORT}", "Where `pagerd` reaches the web process, for its test page."
).rstrip("/")
HEARTBEAT_URLS = env.words(
    "HEARTBEAT_URLS",
    "",
    "Addresses outside that are called after each test page that arrived, and alarm when they hear nothing.",
)
CANARY_MAIL_TO = env.text(
    "CANARY_MAIL_TO",
    "",
    "An address that nobody reads: a test mail goes there every 15 minutes, to see that mail leaves."
    " At `MAIL_REPLY_DOMAIN` it is also seen to come in.",
)
BREAK_GLASS = env.flag(
    "BREAK_GLASS",
    False,
    "Page whoever is on call from a sealed file when Postgres is out of reach and a signal of high urgency waits.",
)
BREAK_GLASS_AFTER_SECONDS = env.number(
    "BREAK_GLASS_AFTER_SECONDS", 60, "How long Postgres must have been out of reach for that."
)
INGEST_MAX_BYTES = 1_000_000
SPOOL_DIR = Path(
    env.text(
        "SPOOL_DIR",
        "",
        "Where signals are kept while Postgres is away. Empty: `spool` in the data folder.",
    )
    or DATA_DIR / "spool"
)
SPOOL_MAX_DISK_PERCENT = env.number(
    "SPOOL_MAX_DISK_PERCENT",
    90,
    "How full the disk of `SPOOL_DIR` may be; from there on senders are asked to come again.",
)
FAILPOINTS = env.text("WATCHBILL_FAILPOINTS", "", "For the fault tests only: point:action[,point:action].")

# Celery: carries nudges, never the truth ------------------------------------------------------------------------

CELERY = {
    "broker_url": REDIS_URL or "redis://127.0.0.1:6379/0",
    "result_backend": None,
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_publish_retry": False,
    "broker_transport_options": {
        "socket_connect_timeout": 0.5,
        "socket_timeout": 2,
        "max_retries": 0,
        "visibility_timeout": 60,
        "unacked_restore_throttle": 1,
    },
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_time_limit": 30,
    "worker_max_tasks_per_child": 1000,
    "worker_soft_shutdown_timeout": 10,
    "accept_content": ["json"],
    "task_default_queue": "housekeeping",
    "task_routes": {"core.outbox.drain": {"queue": "pages"}},
    "worker_hijack_root_logger": False,
}

# API ------------------------------------------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = env.number(
    "API_REQUESTS_PER_MINUTE", 1200, "How many requests one API token may make in a minute."
)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.tokens.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.Denied"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.Json"],
    "DEFAULT_PARSER_CLASSES": ["core.api.renderers.JsonBody"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.renderers.OnlyJson",
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttles.PerToken"],
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.Cursor",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.Schema",
    "EXCEPTION_HANDLER": "core.api.problems.handle",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Watchbill",
    "DESCRIPTION": "Incidents, alerts, on-call schedules, status pages and postmortems.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],
}

# Logs -----------------------------------------------------------------------------------------------------------

METRICS_DIR = env.text(
    "PROMETHEUS_MULTIPROC_DIR",
    "",
    "Where several web processes keep their counters, so that /metrics adds them up.",
)
if METRICS_DIR:
    Path(METRICS_DIR).mkdir(parents=True, exist_ok=True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "core.stack.logs.OneLine",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": env.text("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    },
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpcore": {"level": "WARNING"},
        "mail.log": {"level": "WARNING"},  # aiosmtpd tells of every connection, a look at the port among them
    },
}
DEMO_PASSWORD = env.text(
    "WATCHBILL_DEMO_PASSWORD",
    "",
    "One password for all sample logins. Empty: `make up` makes one each and prints them.",
)
