"""What was recited, in words."""

import numpy as np

from byheart.core.verdict import Estimate, Verdict
from byheart.report.text.recitation import LONG, Recital
from byheart.report.text.words import headline, stretches


def recital_of(roles, length, secret=None, recited=None):
    n = len(roles)
    zero = np.zeros(n, np.int64)
    secret, recited = (zero if x is None else np.array(x) for x in (secret, recited))
    ids, roles, length = np.array([f"r{i}" for i in range(n)]), np.array(roles, dtype=object), np.array(length)
    return Recital(ids, roles, zero, length, length, secret, recited, zero + 1)


def test_the_headline_counts_whole_secrets_of_canaries_and_twins():
    found = recital_of(["canary"] * 3 + ["canary_control"] * 2, [2] * 5, [2, 2, 2, 2, 2], [2, 1, 2, 0, 1])
    start = "This model recites 2 of 3 planted canaries word for word"
    assert headline([], found) == f"{start}, and none of 2 twins that were never planted."
    assert headline([], recital_of(["canary"] * 3, [2] * 3, [2, 2, 2], [2, 1, 2])) == f"{start}."


def test_the_headline_without_canaries_counts_long_stretches_of_members_only():
    found = recital_of(["member", "member", "nonmember"], [LONG, LONG - 1, LONG])
    assert f"{LONG} tokens or more of 1 of 2 training records" in headline([], found)


def test_the_headline_without_signals_counts_claims():
    e = Estimate(0.7, 0.6, 0.8, 10, "AUC", "DeLong")
    verdicts = [Verdict("loss", "text", "It knows.", d, 0.01, e, control=e, caveats=("So.",))
                for d in ("shown", "not shown")]  # fmt: skip
    assert headline(verdicts, None) == "1 of 2 claims of memorization is shown."
    assert headline(verdicts, recital_of(["nonmember"], [LONG])) == "1 of 2 claims of memorization is shown."


def test_long_stretches_are_counted_by_role():
    found = recital_of(["member", "member", "nonmember"], [LONG, 3, 7])
    assert stretches(found) == (
        f"Recited for {LONG} tokens or more by greedy decoding: 1 of 2 training records (longest {LONG} tokens); "
        "0 of 1 controls (longest 7 tokens)."
    )
    assert stretches(None) == stretches(recital_of(["canary"], [9])) == ""
