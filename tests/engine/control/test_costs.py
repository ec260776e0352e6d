"""What a pass costs by rows and context, from what was measured here, nearby, and of a single row."""

from __future__ import annotations

import pytest

from helix_app.engine.control.costs import CostTable, context_bucket


def table(**seconds: float) -> CostTable:
    made = CostTable()
    for name, cost in seconds.items():
        for _ in range(3):
            made.add(int(name[1:]), 0, cost)
    return made


def test_costs_between_and_beyond_what_was_measured() -> None:
    made = table(r1=1.0, r5=1.4, r9=2.2)
    for rows, seconds in ((1, 1.0), (3, 1.2), (5, 1.4), (7, 1.8), (9, 2.2), (11, 2.6)):
        assert made.expect(rows, 0) == pytest.approx(seconds, rel=0.05)
    assert CostTable().expect(1, 0) is None


def test_one_measurement_never_hopes_for_free_rows() -> None:
    assert table(r1=1.0).expect(4, 0) == pytest.approx(4.0)


def test_contexts_are_kept_apart_and_lend_to_each_other() -> None:
    assert [context_bucket(n) for n in (0, 511, 512, 1024, 2048, 8191)] == [0, 0, 1, 2, 3, 4]
    made = CostTable()
    made.add(1, 0, 1.0)
    assert made.expect(1, 4000) == pytest.approx(1.0)
    for _ in range(60):
        made.add(1, 4000, 3.0)
    assert made.expect(1, 4000) == pytest.approx(3.0, rel=0.05)
    assert made.samples(1, 0) == 1


def at_contexts(**cells: float) -> CostTable:
    """``c2000r5=0.3``: five rows at context 2000 take 0.3 seconds."""
    made = CostTable()
    for name, seconds in cells.items():
        context, rows = name[1:].split("r")
        made.add(int(rows), int(context), seconds)
    return made


def test_rows_known_only_at_another_context_cost_in_proportion() -> None:
    made = at_contexts(c0r1=1.0, c0r2=1.1, c0r5=1.4, c0r9=2.2, c2000r1=3.0)
    for rows, share in ((1, 1.0), (2, 1.1), (3, 1.2), (5, 1.4), (7, 1.8), (9, 2.2), (11, 2.6)):
        assert made.expect(rows, 2000) == pytest.approx(3.0 * share)
        assert made.expect(rows, 0) == pytest.approx(share)
    assert made.samples(5, 2000) == 0


def test_what_was_measured_here_counts_more_than_a_proportion() -> None:
    made = at_contexts(c0r1=1.0, c0r5=1.4, c0r9=2.2, c2000r1=3.0, c2000r5=9.0)
    assert made.expect(5, 2000) == pytest.approx(9.0)
    assert made.expect(3, 2000) == pytest.approx(6.0)  # between what is known here
    assert made.expect(9, 2000) == pytest.approx(9.0 * 2.2 / 1.4)  # by the nearest row count known at both
    assert made.expect(2, 2000) == pytest.approx(4.5)


def test_the_nearest_context_gives_the_proportion() -> None:
    made = at_contexts(c0r1=1.0, c0r5=5.0, c0r9=9.0, c1000r1=1.0, c1000r5=1.2, c4000r1=4.0)
    assert made.expect(5, 4000) == pytest.approx(4.8)
    assert made.expect(9, 4000) == pytest.approx(4.0 * 9.0)  # only the far one knows nine rows
    assert made.expect(5, 600) == pytest.approx(1.2)
    assert made.expect(5, 300) == pytest.approx(5.0)
    assert made.expect(1, 100_000) == pytest.approx(4.0)


def test_contexts_without_a_row_count_in_common_tell_nothing_of_each_other() -> None:
    made = at_contexts(c0r3=1.0, c0r5=1.5, c2000r1=3.0)
    assert made.expect(5, 2000) == pytest.approx(15.0)  # each row as costly as the first


def test_a_slow_minute_moves_all_costs_together() -> None:
    made = CostTable()
    for _ in range(20):
        made.add(1, 0, 1.0)
        made.add(5, 0, 1.5)
    for _ in range(30):
        made.add(5, 0, 3.0)
    one, five = made.expect(1, 0), made.expect(5, 0)
    assert one is not None
    assert five == pytest.approx(3.0, rel=0.1)
    assert one > 1.3  # it was not measured again, but the machine is slower


def test_costs_that_are_replaced_are_forgotten_at_every_context() -> None:
    made = at_contexts(c0r1=1.0, c0r3=1.2, c0r5=30.0, c2000r1=2.0, c2000r5=50.0, c2000r9=70.0)
    made.replace(5, 1.5)
    assert made.expect(5, 0) == pytest.approx(1.5)
    assert made.expect(5, 2000) == pytest.approx(3.0)  # in proportion to a single row there
    assert made.expect(3, 0) == pytest.approx(1.2)
    assert made.expect(1, 2000) == pytest.approx(2.0)
    assert made.samples(9, 2000) == 0


def test_a_context_of_which_nothing_is_left_takes_the_costs_of_others() -> None:
    made = at_contexts(c0r1=1.0, c2000r5=50.0)
    made.replace(5, 1.5)
    assert made.expect(5, 2000) == pytest.approx(1.5)
    assert made.at_most(5, 2000) == pytest.approx(1.5)
    assert made.expect(1, 2000) == pytest.approx(1.0)


def test_a_single_outlier_changes_little() -> None:
    made = table(r1=1.0)
    made.add(1, 0, 100.0)
    assert made.expect(1, 0) == pytest.approx(1.0, rel=0.5)


def test_hiccups_of_plain_rounds_do_not_make_more_rows_dearer() -> None:
    """One plain round in twenty takes twice as long, as on any desktop; five rows are as costly as they were."""
    made = table(r1=1.0, r5=1.1)
    for i in range(1000):
        made.add(1, 0, 2.0 if i % 20 == 19 else 1.0)
    assert made.expect(1, 0) == pytest.approx(1.0, rel=0.1)
    assert made.expect(5, 0) == pytest.approx(1.1, rel=0.3)
