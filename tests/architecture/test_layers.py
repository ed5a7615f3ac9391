"""What the import linter cannot see: foreign keys by string, templates by name, who may emit, who may publish."""

import re
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
CORE = {
    "accounts",
    "tokens",
    "events",
    "outbox",
    "timers",
    "live",
    "ui",
    "api",
    "stack",
    "auth",
    "contenttypes",
}
MAY_POINT_AT = {
    **dict.fromkeys(("accounts", "tokens", "events", "outbox", "timers", "api"), CORE),
    "incidents": {"incidents", *CORE},
    "oncall": {"oncall", "incidents", *CORE},
    "statuspage": {"statuspage", "incidents", *CORE},
    "postmortems": {"postmortems", "incidents", *CORE},
}
PACKAGES = ("config", "core", "incidents", "oncall", "statuspage", "postmortems")
SOURCES = [
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
]


@pytest.mark.parametrize("label", MAY_POINT_AT)
def test_foreign_keys_follow_the_import_direction(label: str) -> None:
    for model in apps.get_app_config(label).get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model:
                assert not isinstance(field.related_model, str)
                assert field.related_model._meta.app_label in MAY_POINT_AT[label], f"{model}.{field}"


def test_templates_include_only_their_own_app_and_the_shared_folder() -> None:
    found = 0
    for path in (ROOT / "templates").rglob("*.html"):
        app = path.relative_to(ROOT / "templates").parts[0]
        for name in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)", path.read_text()):
            found += 1
            assert "/" not in name or name.split("/")[0] in {app, "ui"}, f"{path}: {name}"
    assert found > 10


def test_only_operations_emit_events() -> None:
    emitters = [path for path in SOURCES if re.search(r"\bbus\.emit|\bemit_all\(", path.read_text())]
    assert emitters
    assert [str(path) for path in emitters if not _may_emit(path)] == []


def _may_emit(path: Path) -> bool:
    """Operations, as a file or a folder of them, the way of an alert, and the machinery that stands below the apps."""
    inside = path.relative_to(ROOT).parts
    return "operations" in inside or path.name in {"operations.py", "pipeline.py"} or inside[0] == "core"


def test_views_leave_the_database_to_queries_and_operations() -> None:
    views = [path for path in SOURCES if path.name == "views.py"]
    assert views
    assert [str(path) for path in views if re.search(r"\.objects\b|\.save\(", path.read_text())] == []


@pytest.mark.parametrize(
    "pattern", [r"\beta\s*=", r"\bcountdown\s*=", r"\.delay\(", r"\bself\.retry\(", r"post_save|pre_save"]
)
def test_nothing_waits_in_the_broker_and_no_model_signals(pattern: str) -> None:
    assert [str(path) for path in SOURCES if re.search(pattern, path.read_text())] == []


def test_jobs_are_entries_not_logic() -> None:
    for path in SOURCES:
        if path.name == "jobs.py":
            bodies = re.split(r"^@shared_task", path.read_text(), flags=re.MULTILINE)[1:]
            assert all(len(body.strip().splitlines()) <= 14 for body in bodies), path
