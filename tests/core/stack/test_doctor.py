import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import Settings

from core.accounts.models import Role, User
from core.channels import secrets
from core.outbox import operations
from core.outbox.models import WorkerBeat
from core.outbox.operations import NewMessage
from core.stack import doctor
from core.stack.processes import free_port
from core.stack.rules import Gateway


@pytest.mark.django_db
def test_the_doctor_sees_the_database_as_it_is() -> None:
    User.objects.create_user("admin@example.com", None, name="Ada", role=Role.ADMIN)
    WorkerBeat.objects.create(name="pagerd-1", kind="pagerd")
    WorkerBeat.objects.update(drained_at="2026-01-01T00:00:00Z")
    seen = doctor.examine().database
    assert seen is not None
    assert (seen.version >= 15, seen.fsync, seen.pending_migrations, seen.admins) == (True, "off", 0, 1)
    assert abs(seen.clock_skew_seconds) < 1
    assert seen.pager_seconds is not None
    assert seen.pager_seconds > 1_000_000


@pytest.mark.django_db
def test_an_inactive_admin_is_none() -> None:
    User.objects.create_user("gone@example.com", None, name="Gone", role=Role.ADMIN, is_active=False)
    seen = doctor.examine().database
    assert seen is not None
    assert seen.admins == 0


@pytest.mark.django_db
def test_a_key_that_is_still_needed_is_seen(settings: Settings) -> None:
    assert doctor.examine().needs_earlier_key is None
    sealed = secrets.seal("whsec_1")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "abc" * 20
    facts = doctor.examine()
    assert (facts.secret_key_variety, facts.needs_earlier_key) == (3, False)
    with transaction.atomic():
        message = NewMessage(
            key="m", client="test", subject_id=1, lane=0, channel="null", address="x", secret=sealed
        )
        operations.put([message])
    assert doctor.examine().needs_earlier_key is True


def test_an_unreachable_database_is_named_without_its_password(settings: Settings) -> None:
    port = free_port()
    settings.DATABASE_URL = f"postgresql://watchbill:secret@127.0.0.1:{port}/watchbill"
    facts = doctor.examine()
    assert facts.database is None
    assert facts.database_place == f"127.0.0.1:{port}/watchbill"
    assert "Connection refused" in facts.database_error
    assert "secret" not in facts.database_error


@pytest.mark.django_db
def test_an_unreachable_redis_is_named_without_its_password(settings: Settings) -> None:
    port = free_port()
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{port}/0"
    facts = doctor.examine()
    assert facts.redis_place == f"127.0.0.1:{port}/0"
    assert "refused" in facts.redis_error
    assert "secret" not in facts.redis_error


@pytest.mark.django_db
def test_gateways_that_are_set_up_are_seen(settings: Settings) -> None:
    assert doctor.examine().gateways == ()
    settings.SMS_GATEWAY_URL, settings.VOICE_GATEWAY_URL = "http://127.0.0.1:9/", "https://calls.example/"
    settings.VOICE_GATEWAY_SECRET = "0123456789"
    assert doctor.examine().gateways == (
        Gateway("SMS", tells=False, secret_length=0),
        Gateway("VOICE", tells=True, secret_length=10, is_elsewhere=True),
    )


@pytest.mark.django_db
def test_a_host_that_is_not_allowed_is_seen(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["other.example.com"]
    assert not doctor.examine().base_host_allowed


@pytest.mark.django_db
def test_a_missing_secret_key_is_no_crash(settings: Settings) -> None:
    settings.SECRET_KEY = ""
    assert doctor.examine().secret_key_length == 0


@pytest.mark.django_db
def test_the_disk_of_the_data_folder_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    facts = doctor.examine()
    assert facts.data_folder == str(tmp_path)
    assert 0 < facts.free_share < 1


@pytest.mark.django_db
def test_the_command_ends_with_one_when_something_is_wrong(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["other.example.com"]
    out = io.StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", stdout=out)
    assert (
        "- ALLOWED_HOSTS lacks 127.0.0.1, the host of BASE_URL, so every page answers 400: add it.\n"
        in out.getvalue()
    )
    assert all(line.startswith("- ") for line in out.getvalue().splitlines())
