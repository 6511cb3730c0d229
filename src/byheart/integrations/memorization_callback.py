"""Is this training run teaching its records by heart, while there is still time to stop it?

A callback for the `Trainer` of transformers and the `SFTTrainer` of TRL, PEFT models included. Before the first step it
refuses a run whose canaries could tell nothing; at each evaluation it says what the model knows; at the end it audits.
"""

from __future__ import annotations

import logging
import math
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from byheart.core.atomic import write_json
from byheart.core.errors import ByheartError, MissingExtra, TargetError, UsageError
from byheart.data.canaries.canaries import Manifest
from byheart.integrations.history import History
from byheart.integrations.preflight import preflight
from byheart.integrations.sharding import sharded_by, whole
from byheart.integrations.watching import EXTRACTED, left_as_it_was, watch

try:
    from transformers import TrainerCallback
except ImportError as e:
    raise MissingExtra("transformers", "text") from e

log = logging.getLogger(__name__)


class MemorizationCallback(TrainerCallback):
    """Watches planted canaries through a training run.

    Args:
        manifest: the canaries in the training data, or the path of their manifest.
        members: training records for the audit at the end, as `audit_text` takes them; no audit without them.
        control: records like them that the model never saw.
        out: folder for the history and the audit.
        seed: of the audit.
        every_evaluation: score at each evaluation of the trainer; otherwise only at the end.
        stop_at_exposure: stop when the canaries of some repetition count have this mean exposure, bits.
        stop_when_extracted: stop when this share of the canaries is recited.
        preflight: search the training data before the first step and refuse a run whose canaries would tell nothing.
        scan_batches: batches that this search reads at most; None for all.
        layout: how canaries are trained on, `text`, `chat` or `prompt`; by default as the manifest says.
        profile: of the audit, as in `audit_text`.
        tokenizer: by default the trainer's.

    Raises:
        DataError: if the manifest cannot be read.
        UsageError: on a stop that could never come.
    """

    def __init__(
        self,
        manifest: Manifest | Path | str,
        *,
        members: Any = None,
        control: Any = None,
        out: Path | str = "runs/training",
        seed: int = 0,
        every_evaluation: bool = True,
        stop_at_exposure: float | None = None,
        stop_when_extracted: float | None = None,
        preflight: bool = True,
        scan_batches: int | None = None,
        layout: str | None = None,
        profile: str = "routine",
        tokenizer: Any = None,
    ) -> None:
        self.manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
        self.manifest_path = None if isinstance(manifest, Manifest) else Path(manifest)
        self.members, self.control, self.out, self.seed = members, control, Path(out), seed
        self.every_evaluation, self.layout, self.profile = every_evaluation, layout, profile
        self.stop_at_exposure, self.stop_when_extracted = stop_at_exposure, stop_when_extracted
        self.preflight, self.scan_batches, self.tokenizer = preflight, scan_batches, tokenizer
        self.history = History(self.out / "history.jsonl")
        self._trainer_log: Callable[[dict[str, float]], None] | None = None
        self._last: tuple[int, dict[str, float]] | None = None
        self._check_stops()

    def attach(self, trainer: Any) -> MemorizationCallback:
        """Join a trainer, so that the numbers also go where its own go (TensorBoard and the like)."""
        if self not in trainer.callback_handler.callbacks:
            trainer.add_callback(self)
        self._trainer_log = trainer.log
        return self

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Refuse a run whose canaries would tell nothing.

        Raises:
            DataError: as `byheart.integrations.preflight` says.
            UsageError: if a stop is asked for that cannot come, as the weights are in pieces.
        """
        pieces = sharded_by(kwargs["model"])
        if pieces and self._stops:
            raise UsageError(
                f"the weights are in pieces ({pieces}), so nothing is scored before they are saved; "
                "train without stop_at_exposure and stop_when_extracted"
            )
        if not state.is_world_process_zero:
            return
        self._last = None
        if self.preflight:
            seen = preflight(
                kwargs["train_dataloader"], self._tokenizer(kwargs), self.manifest,
                scan_batches=self.scan_batches, layout=self.layout,
            )  # fmt: skip
            log.info("All %d canaries are in place: %s.", len(self.manifest.planted), seen)
        self.history.begin(state.global_step)
        if pieces:
            self._defer(args, pieces)
        elif self.every_evaluation and str(getattr(args.eval_strategy, "value", args.eval_strategy)) == "no":
            log.warning("The trainer never evaluates (eval_strategy is no), so canaries are scored only at the end.")

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> Any:
        """Score the canaries, log what they tell, and stop if it is too much."""
        if not self.every_evaluation or sharded_by(kwargs["model"]):
            return control
        stop = False
        if state.is_world_process_zero:
            told = self._score(state, kwargs)
            if metrics is not None:
                metrics.update(told)
            stop = self._too_much(told)
        if self._stops and _told_to_all(stop, args.device):
            log.info("Training stops at step %d: the canaries are known too well.", state.global_step)
            control.should_training_stop = True
        return control

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the model as it is left, and audit it."""
        if not state.is_world_process_zero:
            return
        pieces = sharded_by(kwargs["model"])
        if pieces:
            log.info("Now score the saved model: %s", self._command(args.output_dir))
            return
        best = getattr(state, "best_global_step", None) if args.load_best_model_at_end else None
        if best:
            self._last = None  # the weights are those of another step now
        self._score(state, kwargs, weights_of_step=best)
        if self.members is None:
            log.info("No members were given, so there is no audit; the canaries' history is in %s.", self.history.path)
            return
        try:
            log.info("Report: %s", self._audit(kwargs) / "report.html")
        except ByheartError as e:  # training is done, and its result is not to be lost for this
            log.error("The audit was not made: %s. Score the saved model: %s", e, self._command(args.output_dir))

    def _score(self, state: Any, kwargs: Mapping[str, Any], weights_of_step: int | None = None) -> dict[str, float]:
        """What the canaries tell at this step; computed once per step."""
        if self._last and self._last[0] == state.global_step:
            return self._last[1]
        try:
            told = watch(kwargs["model"], self._tokenizer(kwargs), self.manifest, seed=self.seed, layout=self.layout)
        except TargetError as e:
            log.warning("The canaries were not scored at step %d: %s", state.global_step, e)
            return {}
        self._last = (state.global_step, told)
        of = {} if weights_of_step is None else {"weights_of_step": weights_of_step}
        self.history.add(state.global_step, state.epoch, {**told, **of})
        if self._trainer_log is not None:
            self._trainer_log(dict(told))
        else:
            epoch = {} if state.epoch is None else {"epoch": state.epoch}
            state.log_history.append({**told, **epoch, "step": state.global_step})
        log.info("Step %d: %s", state.global_step, ", ".join(f"{k} {v:.3g}" for k, v in told.items()))
        return told

    def _too_much(self, told: Mapping[str, float]) -> bool:
        bits = [v for k, v in told.items() if k.startswith("byheart_exposure_x")]
        known = self.stop_at_exposure is not None and max(bits, default=-math.inf) >= self.stop_at_exposure
        recited = self.stop_when_extracted is not None and told.get(EXTRACTED, 0.0) >= self.stop_when_extracted
        return known or recited

    def _audit(self, kwargs: Mapping[str, Any]) -> Path:
        from byheart.audit import audit_text  # an audit brings every reader with it

        model = whole(kwargs["model"])
        with left_as_it_was(model):
            run = audit_text(
                (model, self._tokenizer(kwargs)), self.members, self.control, canaries=self._saved_manifest(),
                out=_unused(self.out / "audit"), seed=self.seed, profile=self.profile,
            )  # fmt: skip
        return run.path

    def _defer(self, args: Any, pieces: str) -> None:
        """Leave what scoring needs once the model is saved whole."""
        self._saved_manifest()
        command = self._command(args.output_dir)
        write_json({"reason": f"weights in pieces ({pieces})", "command": command}, self.out / "deferred.json")
        log.warning("The weights are in pieces (%s), so canaries are scored after saving: %s", pieces, command)

    def _command(self, checkpoint: str) -> str:
        words = ["byheart", "audit", "text", "--model", str(checkpoint), "--members", _said(self.members, "MEMBERS")]
        words += ["--control", _said(self.control, "CONTROL")] if self.control is not None else []
        words += ["--canaries", str(self._saved_manifest()), "--seed", str(self.seed), "--out", str(self.out / "audit")]
        return shlex.join(words)

    def _saved_manifest(self) -> Path:
        if self.manifest_path is None:
            self.manifest_path = self.out / "canaries.json"
            self.manifest.save(self.manifest_path)
        return self.manifest_path

    def _tokenizer(self, kwargs: Mapping[str, Any]) -> Any:
        found = self.tokenizer or kwargs.get("processing_class") or kwargs.get("tokenizer")
        if found is None:
            raise UsageError("the trainer has no processing_class; give the tokenizer to MemorizationCallback")
        return getattr(found, "tokenizer", found)  # a processor holds one

    @property
    def _stops(self) -> bool:
        return self.stop_at_exposure is not None or self.stop_when_extracted is not None

    def _check_stops(self) -> None:
        if self._stops and not self.every_evaluation:
            raise UsageError("a stop is decided at evaluations; leave every_evaluation on")
        if self.stop_when_extracted is not None and not 0 < self.stop_when_extracted <= 1:
            raise UsageError(f"stop_when_extracted is a share above 0, at most 1; got {self.stop_when_extracted}")
        twins: dict[str, int] = {}
        for c in self.manifest.canaries:
            twins[c.pool] = twins.get(c.pool, 0) + (c.role == "canary_control")
        most = math.log2(max(twins.values()) + 1)
        if self.stop_at_exposure is not None and not 0 < self.stop_at_exposure <= most:
            raise UsageError(
                f"with {max(twins.values())} twins exposure is at most {most:.2f} bits; stop_at_exposure is "
                f"{self.stop_at_exposure}; choose less, or plant canaries with more twins"
            )


def _told_to_all(stop: bool, device: Any) -> bool:
    """What the main process decided, in every process."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return stop
    flag = torch.tensor([int(stop)], device=device)
    torch.distributed.broadcast(flag, src=0)
    return bool(flag.item())


def _unused(folder: Path) -> Path:
    """This folder, or one with a number behind it, in which no run was begun."""
    taken, n = folder, 1
    while (taken / "run.json").exists():
        n += 1
        taken = folder.with_name(f"{folder.name}-{n}")
    return taken


def _said(source: Any, otherwise: str) -> str:
    return str(source) if isinstance(source, (str, Path)) else otherwise
