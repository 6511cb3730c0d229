from dataclasses import replace

from byheart.core.verdict import Estimate, Verdict
from byheart.stats.judge.settle import settle

E = Estimate(0.8, 0.7, 0.9, 40, "AUC", "by hand")


def claim(p, decision="shown"):
    return Verdict("m", "text", "claim", decision, p, E, E, E, () if decision == "shown" else ("why",))


def test_holm_over_all_claims_with_a_p():
    # sorted 0.001 x 4, 0.02 x 3 = 0.06, 0.03 x 2, 0.6: only the first survives at 5 %
    verdicts = [claim(0.02), claim(0.001), claim(0.6, "not shown"), claim(None, "inconclusive"), claim(0.03)]
    after = settle(verdicts)
    assert [v.decision for v in after] == ["not shown", "shown", "not shown", "inconclusive", "not shown"]
    assert "4 claims were tried" in after[0].caveats[0]
    assert "p is 0.06" in after[0].caveats[0]
    assert "Holds after correction for 4 claims (Holm: p = 0.004)" in after[1].caveats[0]
    assert after[2:4] == verdicts[2:4]
    assert [v.p for v in after] == [v.p for v in verdicts]


def test_one_claim_needs_no_correction():
    assert settle([claim(0.04), claim(None, "inconclusive")])[0] == claim(0.04)
    assert settle([]) == []


def test_never_makes_a_claim():
    weak = replace(claim(0.001), decision="inconclusive", caveats=("no baseline",))
    assert settle([weak, weak]) == [weak, weak]
