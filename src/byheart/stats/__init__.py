"""Numbers about numbers: intervals, tests, roc, multiplicity, power. numpy and scipy only."""
