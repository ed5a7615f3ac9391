"""The production files: who runs as what, what watches it, and what must never be in there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OURS = {"migrate", "web", "worker", "beat", "pagerd-1", "pagerd-2", "mailin"}
IMAGE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def words(service: dict[str, Any]) -> str:
    command = service.get("command", "")
    return command if isinstance(command, str) else " ".join(command)


def test_it_runs_web_worker_beat_two_pagers_and_their_servers(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == OURS | {"postgres", "redis"}
    assert "worker" in words(services["worker"])
    assert "pages,bulk,housekeeping" in words(services["worker"])
    assert " beat " in words(services["beat"])
    assert [words(services[name]) for name in ("pagerd-1", "pagerd-2")] == ["python manage.py pagerd"] * 2


def test_nothing_runs_as_root(services: dict[str, dict[str, Any]]) -> None:
    users = {name: str(service["user"]) for name, service in services.items()}
    assert {users[name] for name in OURS} == {"10001:10001"}
    assert (users["postgres"], users["redis"]) == ("postgres", "redis")
    assert re.search(r"^USER 10001:10001$", IMAGE, re.M)


def test_our_processes_may_change_nothing_but_their_data(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["volumes"] == ["data:/data"]


def test_whatever_keeps_running_is_watched(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name != "migrate":
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
            assert service["restart"] == "unless-stopped", name
    assert services["migrate"]["healthcheck"] == {"disable": True}
    assert re.search(r"^HEALTHCHECK .*core\.stack\.probe", IMAGE, re.M)


def test_the_database_is_migrated_before_anything_uses_it(services: dict[str, dict[str, Any]]) -> None:
    assert words(services["migrate"]).startswith("python manage.py migrate")
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, (
            name
        )


def test_pagers_need_postgres_alone(services: dict[str, dict[str, Any]]) -> None:
    for name in ("pagerd-1", "pagerd-2"):
        assert set(services[name]["depends_on"]) == {"migrate"}


def test_production_is_production_and_starts_empty(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["environment"]["WATCHBILL_PRODUCTION"] == "true", name
    for file in ("docker-compose.yml", "Dockerfile", "deploy/postgres-role.sh"):
        assert "seed" not in (ROOT / file).read_text(), file
        assert "manage.py up" not in (ROOT / file).read_text(), file


def test_secrets_come_from_a_file_that_is_not_in_the_repository(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["env_file"] == ".env", name
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()
    assert re.findall(
        r"^(\w*(?:PASSWORD|SECRET_KEY))=(.*)$", (ROOT / "deploy/example.env").read_text(), re.M
    ) == [
        ("SECRET_KEY", ""),
        ("POSTGRES_PASSWORD", ""),
        ("WATCHBILL_DATABASE_PASSWORD", ""),
        ("WATCHBILL_REDIS_PASSWORD", ""),
    ]


def test_the_database_role_of_the_application_is_no_superuser() -> None:
    script = (ROOT / "deploy" / "postgres-role.sh").read_text()
    assert "create role watchbill login password" in script
    assert "superuser" not in script


def test_the_superusers_password_reaches_the_database_alone(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["environment"]["POSTGRES_PASSWORD"] == "", name


def test_only_web_and_mail_are_reached_from_outside_and_by_a_proxy(
    services: dict[str, dict[str, Any]],
) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"],
        "mailin": ["127.0.0.1:2525:2525"],
    }


def test_the_image_needs_pip_and_nothing_else_to_be_built() -> None:
    runs = re.findall(r"^RUN (.*(?:\\\n.*)*)", IMAGE, re.M)
    assert not [run for run in runs if re.search(r"apt-get|npm|curl|make\b|gcc", run)]
    assert "--require-hashes --only-binary :all:" in IMAGE


def test_it_is_a_compose_file(tmp_path: Path, services: dict[str, dict[str, Any]]) -> None:
    named = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert {name for name in named if not name.startswith(".")} == set(whole["volumes"])
    if shutil.which("docker-compose") is not None:
        assert _faults_by_compose(tmp_path) == (0, "", "")


def _faults_by_compose(folder: Path) -> tuple[int, str, str]:
    for file in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / file, folder)
    example = (ROOT / "deploy" / "example.env").read_text()
    (folder / ".env").write_text(re.sub(r"^(\w+)=$", r"\1=given", example, flags=re.M))
    done = subprocess.run(
        ["docker-compose", "config", "-q"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr
