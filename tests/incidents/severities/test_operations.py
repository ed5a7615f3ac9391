from __future__ import annotations

import pytest

from incidents.severities import operations, queries, rules
from incidents.severities.models import Question, Severity
from tests import cast

pytestmark = pytest.mark.django_db


def scale() -> list[tuple[int, str]]:
    return [(level.rank, level.label) for level in queries.levels()]


def test_a_new_install_has_four_levels_with_their_rhythm() -> None:
    found = [(level.label, level.update_every_seconds, level.paging) for level in queries.levels()]
    assert found == [
        ("SEV1", 900, "always"),
        ("SEV2", 1800, "always"),
        ("SEV3", 7200, "business_hours"),
        ("SEV4", None, "none"),
    ]
    for level in queries.levels():
        assert all([level.definition, level.response, level.example, level.aliases, level.required_roles])


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("sev4", ["SEV1", "SEV2", "SEV3", "SEV4"]),
        ("sev0", ["SEV0", "SEV1", "SEV2", "SEV3"]),
        ("p4", ["P1", "P2", "P3", "P4"]),
    ],
)
def test_another_scale_keeps_the_levels_of_incidents_under_new_names(name: str, labels: list[str]) -> None:
    incident = cast.incident(severity="SEV1")
    operations.install_preset(name)
    assert scale() == list(enumerate(labels, start=1))
    incident.refresh_from_db()
    assert incident.severity.label == labels[0]


def test_scales_can_be_changed_there_and_back() -> None:
    for name in ("sev0", "p4", "sev4", "sev0", "sev4"):
        operations.install_preset(name)
    assert scale() == [(1, "SEV1"), (2, "SEV2"), (3, "SEV3"), (4, "SEV4")]
    assert Severity.objects.count() == 4


def test_levels_beyond_the_new_scale_are_retired_and_not_lost() -> None:
    fifth = operations.add(Severity(slug="sev5", label="SEV5", name="Trifle"))
    assert fifth.rank == 5
    operations.install_preset("p4")
    fifth.refresh_from_db()
    assert fifth.is_active is False


def test_an_unknown_scale_is_refused_with_those_that_exist() -> None:
    with pytest.raises(operations.UnknownScale, match="p4, sev0, sev4"):
        operations.install_preset("../../etc/passwd")


def test_installing_defaults_leaves_a_configured_scale_alone() -> None:
    Severity.objects.filter(rank=1).update(label="RED")
    operations.install_defaults()
    assert scale()[0] == (1, "RED")


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("SEV1", "SEV1"),
        ("sev1", "SEV1"),
        ("critical", "SEV1"),
        ("Critical", "SEV1"),
        ("P0", "SEV1"),
        ("p3", "SEV4"),
        ("2", "SEV2"),
        (3, "SEV3"),
        (" sev2 ", "SEV2"),
        ("", None),
        ("SEV9", None),
        ("99", None),
        ("9" * 40, None),
    ],
)
def test_a_level_is_found_by_whatever_people_call_it(word: str | int, label: str | None) -> None:
    found = queries.find(word)
    assert (found.label if found else None) == label


def test_a_name_goes_before_an_alias_of_another_level() -> None:
    operations.install_preset("p4")
    Severity.objects.filter(label="P4").update(aliases=["P1"])
    found = queries.find("P1")
    assert found is not None
    assert found.rank == 1


@pytest.mark.parametrize("name", ["sev4", "sev0", "p4"])
def test_the_questions_of_every_scale_lead_to_the_ranks_of_the_tree(name: str) -> None:
    operations.install_preset(name)
    ranks = {level.pk: level.rank for level in queries.levels()}
    table = {
        (True,): 1,
        (False, True, True): 2,
        (False, True, False): 1,
        (False, False, None, True): 3,
        (False, False, None, False): 4,
    }
    for answers, rank in table.items():
        given = {place: answer for place, answer in enumerate(answers, start=1) if answer is not None}
        level = queries.decide(given).level
        assert level is not None
        assert ranks[level] == rank
    assert queries.decide({}).ask == 1


def test_numbers_propose_a_level_of_the_scale_in_force() -> None:
    from decimal import Decimal  # noqa: PLC0415

    found = queries.propose(rules.Measure(Decimal(51)))
    assert found is not None
    assert found.label == "SEV1"
    assert queries.propose(rules.Measure()) is None


def test_levels_change_places_and_the_ends_stay() -> None:
    operations.move(cast.severity("SEV2"), by=-1)
    assert scale() == [(1, "SEV2"), (2, "SEV1"), (3, "SEV3"), (4, "SEV4")]
    operations.move(cast.severity("SEV2"), by=-1)
    operations.move(cast.severity("SEV4"), by=1)
    assert scale() == [(1, "SEV2"), (2, "SEV1"), (3, "SEV3"), (4, "SEV4")]


def test_a_level_that_incidents_have_is_not_deleted() -> None:
    cast.incident(severity="SEV2")
    with pytest.raises(operations.InUse):
        operations.delete(cast.severity("SEV2"))
    operations.delete(cast.severity("SEV1"))
    assert scale() == [(1, "SEV2"), (2, "SEV3"), (3, "SEV4")]
    assert Question.objects.get(position=1).if_yes is None


def test_the_level_of_an_incident_for_which_nobody_chose_one() -> None:
    default = queries.default()
    assert default is not None
    assert default.label == "SEV2"
    Severity.objects.filter(rank__gt=1).update(is_active=False)
    only = queries.default()
    assert only is not None
    assert only.label == "SEV1"
