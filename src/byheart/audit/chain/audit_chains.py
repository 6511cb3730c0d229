"""Which tokens of these chains of reasoning follow the training corpus, and through which channel?

model + chains + index -> chain_candidates -> stim -> verdict -> report
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.chain.judging import judge_chains
from byheart.audit.folder import begin, conclude, finish, told_source
from byheart.audit.opening import open_text_model
from byheart.audit.text.passes import Opener, Pass, run_pass
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, RunError, TargetError
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.data.sources import name_of, rows, source_digest
from byheart.execute import engine_named
from byheart.explain._stim.passages import save_evidence
from byheart.explain._stim.steps import Reward, select_step, split_steps
from byheart.explain.stim import stim
from byheart.index import CorpusIndex, open_index
from byheart.signals.text.chain_candidates import Saliency, chain_candidates

if TYPE_CHECKING:
    from byheart.core.findings import Findings
    from byheart.core.target import LanguageModel
    from byheart.execute.job import Engine

log = logging.getLogger(__name__)


def audit_chains(
    model: Any,
    chains: Any,
    index: Path | str,
    *,
    out: Path | str | None = None,
    reward: Reward | None = None,
    threshold: float = 0.9,
    saliency: Saliency = "loo",
    new_tokens: int = 256,
    window: int = 1000,
    n_salient: int = 5,
    association: str = "count",
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    engine: Engine | None = None,
    limit: int | None = None,
    trust_remote_code: bool = False,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Explain the tokens of chains; killed and started again, it continues.

    Args:
        model: as for `audit_text`.
        chains: rows with `prompt` and `completion`, in any source that byheart reads, or a Corpus. Without a completion
            the model writes one. Optional: `question`, the part of the prompt that asks; `correct`, whether the answer
            is right; `wrong`, the wrong words of the completion.
        index: folder of the corpus index, made with the model's tokenizer.
        out: run folder, default `runs/<date>-<model>-<chains>`.
        reward: from a prompt and its steps to the probability that each step is right; then only the first doubtful
            step of a wrong answer, or the least probable of a right one, is scored. Else all of the completion.
        threshold: a step below it is doubtful.
        saliency: loo, lerg or grad.
        new_tokens: longest completion that the model writes.
        window: largest distance of two terms that stand together, in tokens.
        n_salient: words looked up, of the question and of the answer.
        association: count or npmi.
        seed: everything random follows from it.
        device: auto, cpu or cuda.
        dtype: precision the model computes in, or auto.
        engine: where the pass runs, default this process.
        limit: chains at most.
        trust_remote_code: allow a model's own code and pickled weights.
        show_text: text in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with findings, verdict and report in it.

    Raises:
        TokenizerMismatchError: if the index was made with another tokenizer.
        ByheartError: one line on what else is wrong with the input.
    """
    opened: dict[str, Any] = {"device": device, "dtype": dtype, "trust_remote_code": trust_remote_code}
    target = open_text_model(model, **opened)
    known = open_index(index, tokenizer=getattr(target, "tokenizer", None))
    log.info("Reading the chains.")
    corpus = read_chains(chains, target, limit=limit, new_tokens=new_tokens)
    corpus, unstepped = choose_steps(corpus, reward, threshold)
    command = {
        "verb": "explain stim", "model": target.digest, "corpus": corpus.digest, "index": str(index),
        "tokens": known.n_tokens, "saliency": saliency, "window": window, "n_salient": n_salient,
        "association": association, "seed": seed,
    }  # fmt: skip
    run = begin(
        command, corpus, target.name, chains, out=out, command_line=command_line, family="chain",
        model_source=told_source(model), data=_sources(chains), index=Path(index).name, opened=opened,
        device=str(target.device),
    )  # fmt: skip
    recipe = partial(chain_candidates, saliency=saliency)
    one = Pass("chain_candidates", corpus, Opener(target), recipe, target.digest, seed=seed, facts=(saliency,))
    signals = run_pass(one, run, engine or engine_named("local"), "Pass: chain_candidates")
    options = {"window": window, "n_salient": n_salient, "association": association, "seed": seed}
    explain_chains(run, signals, known, options, notes=unstepped)
    return finish(run, show_text=show_text)


def explain_chains(
    run: RunFolder, signals: Signals, index: CorpusIndex, options: dict[str, Any], *, notes: Sequence[str] = ()
) -> Findings:
    """Score chains that were read, judge them, and keep what a reader will want to see."""
    with run.step("stim"):
        found = stim(signals, index=index, **options)
        found.save(run.findings_folder)
        save_evidence(run.findings_folder, found, signals, index, window=options["window"], seed=options["seed"])
    long = signals.ids[signals.dense("too_long") == 1].tolist()
    more = [f"{len(long)} chains are longer than the model's context and were not read ({', '.join(long[:5])})."]
    n_tokens = int((signals.ragged("token_ids").lengths - signals.dense("answer")).sum())
    per_token = signals.dense("forwards").sum() / max(1, n_tokens)
    said = f"Beside one reading of each chain the model read {per_token:.1f} texts for each token of an answer."
    conclude(run, [judge_chains(found)], [*notes, *(more if long else []), said])
    return found


def read_chains(source: Any, target: LanguageModel, *, limit: int | None = None, new_tokens: int = 256) -> Corpus:
    """Chains as records with their columns; the model writes the completions that are not there.

    Raises:
        DataError: if a row has no prompt.
    """
    if isinstance(source, Corpus):
        return source if limit is None else source.take(np.arange(min(limit, len(source))))
    found = []
    for place, row in rows(source, limit=limit):
        if not isinstance(row, dict) or not isinstance(row.get("prompt"), str) or not row["prompt"]:
            raise DataError(f"{name_of(source)}, {place}: a chain is a row with `prompt` and `completion`")
        found.append(row)
    if not found:
        raise DataError(f"{name_of(source)} holds no chain; give rows with `prompt` and `completion`")
    texts = _completions(found, target, new_tokens)
    columns: dict[str, Sequence[Any]] = {
        "question": [r.get("question") or None for r in found],
        "correct": [float(bool(r["correct"])) if r.get("correct") is not None else -1.0 for r in found],
        "wrong": [_as_json(r.get("wrong")) for r in found],
    }
    given = [r.get("id") for r in found]
    names = [str(i) if i is not None else f"chain-{n:04d}" for n, i in enumerate(given)]
    items = [{"prompt": r["prompt"], "completion": c} for r, c in zip(found, texts, strict=True)]
    return Corpus.of(items, "unknown", ids=names, columns=columns)


def chains_of_run(path: Path, out: Path | None) -> tuple[Corpus, str, Path, dict[str, Any]]:
    """What an existing run has to be explained: its chains, its model, where the answer goes, how the model is opened.

    Raises:
        RunError: if it has no record with a prompt and a completion, or its model cannot be opened by name.
    """
    run = RunFolder.existing(path)
    corpus, source = run.corpus, run.facts.get("model_source")
    chains = [
        i for i, item in enumerate(corpus.items) if isinstance(item, dict) and {"prompt", "completion"} <= set(item)
    ]
    if not chains:
        raise RunError(f"{path} holds no record with a prompt and a completion; give --model and --chains")
    if not source or source == "a live model":
        raise RunError(f"{path} was made with a live model; give --model and --chains")
    return corpus.take(np.array(chains)), str(source), out or path / "stim", dict(run.facts.get("opened", {}))


def _completions(found: Sequence[dict[str, Any]], target: LanguageModel, new_tokens: int) -> list[str]:
    texts = [r.get("completion") for r in found]
    absent = [i for i, t in enumerate(texts) if not isinstance(t, str) or not t.strip()]
    if absent:
        log.info("The model writes %d completions.", len(absent))
        prompts = [target.encode(found[i]["prompt"]).ids for i in absent]
        if max(p.size for p in prompts) + new_tokens > target.context:
            raise TargetError(
                f"a prompt and {new_tokens} new tokens do not fit into the context of {target.context}; set "
                "--new-tokens, or completions"
            )
        for i, new in zip(absent, target.generate(prompts, new_tokens), strict=True):
            texts[i] = target.decode(new)
    return [str(t) for t in texts]


def _as_json(told: Any) -> str | None:
    if told is None:
        return None
    return (
        told
        if isinstance(told, str) and told.lstrip().startswith("[")
        else json.dumps(told if isinstance(told, list) else [told])
    )


def choose_steps(corpus: Corpus, reward: Reward | None, threshold: float) -> tuple[Corpus, list[str]]:
    """The corpus with the characters of the chosen step of each chain, and what to tell of it.

    Chains without a doubtful step are left out.
    """
    if reward is None:
        return corpus, []
    spans: list[tuple[int, int] | None] = []
    correct = corpus.columns.get("correct", np.zeros(len(corpus)))
    for item, right in zip(corpus.items, correct, strict=True):
        steps = split_steps(item["completion"])
        worth = reward(item["prompt"], [item["completion"][a:b] for a, b in steps]) if steps else []
        if len(worth) != len(steps):
            raise DataError(f"the process reward gave {len(worth)} probabilities for {len(steps)} steps")
        chosen = select_step(worth, bool(right == 1), threshold) if steps else None
        spans.append(None if chosen is None else steps[chosen])
    kept = [i for i, s in enumerate(spans) if s is not None]
    if not kept:
        raise DataError(f"no chain has a step below {threshold}; give another threshold, or no process reward")
    sides = np.array([spans[i] for i in kept], np.int64)
    some = corpus.take(np.array(kept))
    left = len(corpus) - len(kept)
    notes = [f"{left} chains without a doubtful step were left out."] if left else []
    columns = {**some.columns, "step_left": sides[:, 0], "step_right": sides[:, 1]}
    return Corpus(some.items, some.ids, some.roles, some.groups, columns), notes


def _sources(chains: Any) -> dict[str, dict[str, str]]:
    if isinstance(chains, (str, Path)) and Path(chains).exists():
        return {"chains": {"path": str(chains), "digest": source_digest(chains)}}
    return {}
