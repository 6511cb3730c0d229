"""What is missing from a run, and what would it add?"""

from __future__ import annotations

import json

from byheart.report.evidence import Evidence


def absent(evidence: Evidence) -> list[str]:
    """One sentence for each missing part: what is missing, and what it would add."""
    by_family = {"table": _of_table, "chat": _of_chat, "benchmark": _of_benchmark, "chain": _of_chains}
    checks = by_family.get(evidence.family, _of_text)(evidence)
    verdicts = {"The audit has not come to its verdicts; run it again to continue.": bool(evidence.verdicts)}
    return [sentence for sentence, there in (verdicts | checks).items() if not there]


def _of_text(evidence: Evidence) -> dict[str, bool]:
    return {
        "No control records were given, so nothing can be said about membership: a control of records that the "
        "model never saw, from the same source, would show how often a high score occurs without training.":
            evidence.count("nonmember") > 0,
        "No canaries were planted: canaries, with twins that are never planted, give an exact test that does not "
        "depend on how members and control were collected.": evidence.count("canary") > 0,
        "No reference model was given: with the model as it was before training, the report would tell what was "
        "learned here from what was known before.": bool(evidence.shard_paths("reference_logprobs")),
        "The scores of the blind baseline were not kept, so its curve is not drawn; where it was run, its number "
        "stands in the table of claims.": evidence.blind is not None or not evidence.membership,
        "The token log-probabilities are not in the run folder, so no record can be shown token by token.":
            bool(evidence.shard_paths("token_logprobs")),
    }  # fmt: skip


def _of_table(evidence: Evidence) -> dict[str, bool]:
    findings = evidence.run.findings_folder
    return {
        "No held-out rows were given, so nothing can be shown: in coarse tables even rows that the generator never saw "
        "lie close to training rows, and only they tell how often that happens without copying.":
            evidence.count("nonmember") > 0,
        "The rows of the tables are not in the run folder, so no pair of rows can be shown.":
            evidence.corpus is not None,
        "The distances to the training rows are not in the run folder, so no pair of rows can be shown.":
            bool(evidence.shard_paths("nearest_member")),
        "Scores of the nearest training row are not in the run folder, so distances are not drawn.":
            "nearest_row" in evidence.scores,
        "Whether held-out rows differ from training rows by themselves was not tested, or its scores were not kept; so "
        "a difference between them may come from how they were collected.":
            "blind_rows" in evidence.scores or not evidence.count("nonmember"),
        "No quality was measured beside privacy: a table that copies nothing may also be worth nothing.":
            (findings / "table_quality.json").exists(),
    }  # fmt: skip


def _of_benchmark(evidence: Evidence) -> dict[str, bool]:
    return {
        "No reference model was given, so nothing can be shown: twins may be less natural than items, and only a model "
        "that never saw the benchmark tells how much that alone is worth.":
            bool(evidence.shard_paths("reference_logprobs")),
        "The scores of the blind baseline were not kept, so whether twins read like items is not known.":
            evidence.blind is not None,
    }  # fmt: skip


def _of_chat(evidence: Evidence) -> dict[str, bool]:
    return {
        "No control articles were given, so nothing can be shown: articles like the others that the model cannot have "
        "seen tell how long a stretch comes back by chance, by quotation, and by the way of asking.":
            evidence.count("nonmember") > 0,
        "The scores of the blind baseline were not kept, so whether the two sets differ in themselves is not known.":
            evidence.blind is not None or not evidence.count("nonmember"),
        "What each way of asking brought back is not in the run folder.":
            (evidence.run.findings_folder / "elicitation.parquet").exists(),
    }  # fmt: skip


def _of_chains(evidence: Evidence) -> dict[str, bool]:
    return {
        "The scores of the tokens are not in the run folder, so no chain can be shown.":
            (evidence.run.findings_folder / "stim.parquet").exists(),
        "No wrong words were named, so whether the scores find them is not known; a column `wrong` names them.":
            "precision@1" in _estimates(evidence),
    }  # fmt: skip


def _estimates(evidence: Evidence) -> dict[str, object]:
    path = evidence.run.findings_folder / "stim.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["estimates"]) if path.exists() else {}
