"""Which test proves which promise about schedules; one that names no test, or a test that is gone, fails here.

S-01 to S-20 are what must hold of every schedule. J07 and J08 are two stories, clause by clause, replayed in
`test_replayed.py` by the product's API. What the properties draw is said in `strategies.py`: every time is drawn around a
night on which a clock changes; `oracle.py` judges them.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROPERTIES, ADVANCING = "schedules/test_properties.py", "escalation/test_advance.py"
TOGETHER, REPLAYED, TZDATA = (
    "schedules/test_one_answer.py",
    "schedules/test_replayed.py",
    "schedules/test_tzdata.py",
)
PROMISES = {
    "S-01 slices tile the window": [f"{PROPERTIES}::test_s01_s02_s03_"],
    "S-02 no gap and no overlap between them": [f"{PROPERTIES}::test_s01_s02_s03_"],
    "S-03 none is empty or equals its neighbour": [f"{PROPERTIES}::test_s01_s02_s03_"],
    "S-04 a window may be split": [f"{PROPERTIES}::test_s04_"],
    "S-05 slices and instants agree with the oracle": [
        f"{PROPERTIES}::test_s05_slices_agree",
        f"{PROPERTIES}::test_s05_at_agrees",
    ],
    "S-06 everything gives the same answer": [f"{PROPERTIES}::test_s06_", f"{TOGETHER}::test_s06_"],
    "S-07 nobody who is gone is on call": [
        f"{PROPERTIES}::test_s07_nobody_inactive",
        f"{PROPERTIES}::test_s07_a_layer_whose_people",
    ],
    "S-08 overrides that do not touch commute, and adding and removing is nothing": [
        f"{PROPERTIES}::test_s08_overrides_that_do_not_overlap",
        f"{PROPERTIES}::test_s08_an_override_given_twice",
        f"{PROPERTIES}::test_s08_adding_and_then_removing",
    ],
    "S-09 people take turns without skip or repeat": [f"{PROPERTIES}::test_s09_"],
    "S-10 hand-offs keep their wall time": [
        f"{PROPERTIES}::test_s10_handoffs_keep",
        f"{PROPERTIES}::test_s10_monthly_handoffs",
    ],
    "S-11 an edit changes nothing before its instant": [f"{PROPERTIES}::test_s11_"],
    "S-12 a schedule moved by whole rotations moves its answer": [
        f"{PROPERTIES}::test_s12_shifting",
        f"{PROPERTIES}::test_s12_a_rotation_that_began",
    ],
    "S-13 nobody is an answer, with a reason, and pages the next": [
        f"{ADVANCING}::test_s13_a_level_that_asks_nobody",
        f"{ADVANCING}::test_s13_a_plan_in_which_nobody",
    ],
    "S-14 gaps that are told are the stretches with nobody": ["lookahead/test_rules.py::test_s14_"],
    "S-15 a calendar read back is the same": ["feeds/test_rules.py::test_s15_"],
    "S-16 a layer below changes nothing that is covered": [f"{PROPERTIES}::test_s16_"],
    "S-17 a year of twenty layers is quick (`make bench-schedules`) and takes six queries": [
        "schedules/test_api.py::test_a_year_of_twenty_layers_takes_at_most_six_queries",
        "schedules/test_prototype.py::test_rules_and_prototype_put_the_same_people_on_call",
    ],
    "S-18 what was stored asks the same people": [
        f"{TOGETHER}::test_s18_a_plan",
        f"{TOGETHER}::test_s18_a_version",
    ],
    "S-19 new tzdata changes the future alone": [
        f"{TZDATA}::test_s19_new_tzdata_moves",
        f"{TZDATA}::test_s19_new_tzdata_changes_nothing",
        "clocks/test_clocks.py::test_s19_new_zone_data_is_logged",
        "clocks/test_clocks.py::test_it_is_told_once",
    ],
    "S-20 the hand-offs of every zone around every change of 2020 to 2040": [
        "schedules/test_sweep.py::test_s20_"
    ],
}
J07 = {
    "the pairs are A/D, B/E, C/F, D/A, E/B, F/C": [f"{REPLAYED}::test_j07_a_"],
    "week 7 is week 1": [f"{REPLAYED}::test_j07_b_"],
    "never the same person twice": [f"{REPLAYED}::test_j07_c_"],
    "Monday 09:59 old, 10:00 new": [f"{REPLAYED}::test_j07_d_"],
    "the same wall time over both changes of the clock": [f"{REPLAYED}::test_j07_e_"],
    "each person on duty 2 of 6 weeks": [f"{REPLAYED}::test_j07_f_"],
    "4 people warn, 5 warn, 6 are enough": [f"{REPLAYED}::test_j07_g_"],
    "a full primary week is paid 700 if both rates add": [
        "load/test_pay.py::test_a_primary_week_is_paid_700_if_the_rates_add"
    ],
    "whether the secondary is paid is said": [
        "load/test_pay.py::test_whether_the_secondary_is_paid_is_a_setting"
    ],
}
J08 = {
    "24 hours covered without a gap": [f"{REPLAYED}::test_j08_a_"],
    "no overlap beyond the configured one": [f"{REPLAYED}::test_j08_b_"],
    "also on days when one region alone changes its clock": [f"{REPLAYED}::test_j08_c_"],
    "no night shifts": [f"{REPLAYED}::test_j08_d_"],
}
ALL = PROMISES | {f"J07 {key}": value for key, value in J07.items()} | {
    f"J08 {key}": value for key, value in J08.items()
}  # fmt: skip


@cache
def functions(path: str) -> tuple[str, ...]:
    tree = ast.parse((ROOT / "tests/oncall" / path).read_text())
    return tuple(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_promise_from_s01_to_s20_is_listed_once() -> None:
    assert [promise.split()[0] for promise in PROMISES] == [f"S-{number:02}" for number in range(1, 21)]


@pytest.mark.parametrize("promise", ALL)
def test_each_promise_has_its_tests(promise: str) -> None:
    assert ALL[promise]
    for named in ALL[promise]:
        path, _, name = named.partition("::")
        assert [each for each in functions(path) if each.startswith(name)], named


def test_no_test_is_named_after_a_promise_that_does_not_list_it() -> None:
    named = [one.partition("::")[2] for tests in ALL.values() for one in tests]
    for path in {one.partition("::")[0] for tests in ALL.values() for one in tests}:
        for test in functions(path):
            if test.startswith(("test_s0", "test_s1", "test_s20_")) or (
                path == REPLAYED and test.startswith("test_j")
            ):
                assert any(test.startswith(each) for each in named), test
