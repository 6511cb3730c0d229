"""Verdicts as plain lines."""

from byheart.report.terminal import verdict_lines


def test_the_strongest_first_and_a_tally_last(sim):
    lines = verdict_lines(sim.simulated_verdicts())
    heads = [line.split("  ")[0] for line in lines if line and not line.startswith(" ")]
    assert heads[:-1] == ["SHOWN", "SHOWN", "INCONCLUSIVE", "NOT SHOWN"]
    assert lines[-1] == "2 of 4 claims are shown, 1 is not shown, 1 is inconclusive."


def test_lines_keep_their_width_and_tell_every_caveat(sim):
    verdicts = sim.simulated_verdicts()
    lines = verdict_lines(verdicts, width=60)
    assert max(map(len, lines)) <= 60
    told = " ".join(" ".join(lines).split())
    assert all(c in told for v in verdicts for c in v.caveats)


def test_nothing_to_tell():
    assert verdict_lines([]) == ["There is no verdict to report."]
