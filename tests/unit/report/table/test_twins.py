"""Pairs of rows: the right neighbour, the right order, the rarity among held-out rows."""

import numpy as np
import pytest

from byheart.report.evidence import Evidence
from byheart.report.table.neighbours import Neighbours
from byheart.report.table.twins import HeldOut, twins


@pytest.fixture(scope="module")
def evidence(table_run):
    return Evidence.of(table_run)


@pytest.fixture(scope="module")
def nearest(evidence):
    return Neighbours.of(evidence, "nearest_member")


def test_the_ratio_is_nearest_over_next_and_zero_for_a_copy():
    two = Neighbours(
        np.array([[0.1, 0.4], [0.0, np.nan], [0.0, 0.2], [np.nan, np.nan], [0.3, np.nan]]),
        np.zeros((5, 2), np.int64), np.zeros((5, 2), np.int64), np.zeros(5, np.int64),
    )  # fmt: skip
    np.testing.assert_allclose(two.ratio, [0.25, 0, 0, np.nan, np.nan])


def test_neighbours_stand_in_the_order_of_the_corpus_even_if_a_shard_is_missing(table_run, evidence, nearest):
    shards = sorted(table_run.signals_folder("nearest_member").glob("*.safetensors"))
    assert len(shards) == 2
    kept = shards[0].read_bytes()
    shards[0].unlink()
    partial = Neighbours.of(Evidence.of(table_run), "nearest_member")
    shards[0].write_bytes(kept)
    n = len(evidence.corpus)
    assert (partial.place[: n // 2] == -1).all()
    np.testing.assert_array_equal(partial.distance[n // 2 :], nearest.distance[n // 2 :])


def test_every_planted_copy_is_paired_with_its_training_row(evidence, nearest):
    pairs = twins(evidence, nearest, show_text=True, top=100)
    found = {p.twin: p.real for p in pairs}
    corpus = evidence.corpus
    synthetic = corpus.ids[corpus.roles == "synthetic"]
    # synthetic row k was made from training row k + 1; row 1 is the same as row 0, which stands for both
    planted = {synthetic[k]: f"member-{k + 1 if k else 0:06d}" for k in range(24)}
    assert {t: r for t, r in found.items() if t in planted} == planted
    assert [p.ratio for p in pairs] == sorted(p.ratio for p in pairs)
    assert sum(p.ratio == 0 for p in pairs) == 10
    assert {p.real: p.copies for p in pairs}["member-000000"] == 2


def test_a_pair_tells_cell_by_cell_what_is_equal(evidence, nearest):
    exact, near = (
        next(p for p in twins(evidence, nearest, show_text=True, top=100) if (p.ratio == 0) == equal)
        for equal in (True, False)
    )
    assert {line.real.alike for line in exact.lines} == {"equal"}
    assert exact.agree == exact.compared == 10
    changed = {line.column for line in near.lines if line.real.alike != "equal"}
    assert changed == {"weight", "pressure"}  # the two columns that the copies were moved in
    assert [line.column for line in near.lines if line.aside] == ["patient", "note"]
    assert exact.second
    assert exact.distance[1] > 0


def test_rarity_counts_held_out_rows_at_least_as_like():
    held = HeldOut(np.array([0.2, 0.5, 0.5, 0.9]), np.array([1, 3, 3, 8]))
    assert [held.as_close(x) for x in (0.1, 0.2, 0.5, 1.0)] == [0, 1, 3, 4]
    assert [held.as_alike(k) for k in (0, 2, 3, 9)] == [4, 3, 3, 0]


def test_a_training_row_is_shown_once_with_the_number_of_its_twins(sim_table, tmp_path):
    def twice(frame):
        frame.iloc[181] = frame.iloc[180]
        return frame

    corpus = sim_table.tables(change=twice)
    evidence = Evidence.of(sim_table.simulated_table_run(tmp_path, corpus))
    pairs = twins(evidence, Neighbours.of(evidence, "nearest_member"), show_text=False, top=100)
    assert len({p.real for p in pairs}) == len(pairs)
    assert {p.real: p.twins for p in pairs}["member-000000"] == 2
