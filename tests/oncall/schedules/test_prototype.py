"""The rules and the prototype that they are measured beside agree; `make bench-schedules` compares longer windows."""

from bench.schedules import side_by_side


def test_rules_and_prototype_put_the_same_people_on_call() -> None:
    assert side_by_side.differing(rotations=(1, 3, 10), days=(7, 30)) == 0
