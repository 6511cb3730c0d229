"""Real training runs of the Trainer, a few seconds each."""

import json
import logging
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from transformers import TrainerCallback

from byheart.core.errors import DataError, MissingExtra, RunError, UsageError
from byheart.core.run import RunFolder
from byheart.integrations import MemorizationCallback
from byheart.models.toy.tiny import tiny_gpt

KEYS = ("byheart_exposure_mean", "byheart_exposure_x1", "byheart_exposure_x16", "byheart_extracted")


def lines(callback):
    return [json.loads(line) for line in callback.history.path.read_text().splitlines()]


@pytest.fixture
def watching(planted, tmp_path):
    return lambda **options: MemorizationCallback(planted.manifest, out=tmp_path / "watch", **options)


def test_exposure_rises_where_the_model_memorizes(model, planted, texts, encode, trainer, watching):
    """12 passes: those planted 16 times are seen 192 times and outrank all 63 twins (6 bits), which chance does for a
    canary in 1 of 64 cases and for both in 1 of 4096.
    """
    callback = watching()
    run = trainer(model, encode(texts), [callback], epochs=12)
    run.train()
    told = lines(callback)
    assert [line["step"] for line in told] == [9 * k for k in range(1, 13)]  # 66 rows, batches of 8
    assert told[-1]["byheart_exposure_x16"] == 6
    assert told[-1]["byheart_extracted"] >= 0.5
    assert told[0]["byheart_extracted"] == 0
    assert told[-1]["byheart_exposure_mean"] > told[0]["byheart_exposure_mean"]
    logged = [row for row in run.state.log_history if "byheart_exposure_x16" in row]
    assert [(row["step"], row["epoch"]) for row in logged] == [(line["step"], line["epoch"]) for line in told]
    assert [row["byheart_extracted"] for row in logged] == [line["byheart_extracted"] for line in told]


def test_exposure_stays_at_chance_where_they_were_never_planted(model, planted, texts, encode, trainer, watching):
    """2^-exposure is uniform over k/64, so an exposure is below log2(64/3) = 4.42 bits unless its rank is 1 or 2 (or 3:
    exactly 4.42), 3 in 64; that the mean of 4 exceeds 4.5 happens in fewer than 1 of 500 seeds.
    """
    callback = watching(preflight=False)
    run = trainer(model, encode([t for t in texts if t.startswith("Note")]), [callback], epochs=8)
    run.train()
    assert len(lines(callback)) == 8
    assert lines(callback)[-1]["byheart_exposure_mean"] < 4.5
    assert lines(callback)[-1]["byheart_extracted"] == 0


def test_training_is_the_same_with_and_without(tokenizer, texts, encode, trainer, watching):
    weights = []
    for callbacks in ([], [watching()]):
        model = tiny_gpt(len(tokenizer), seed=1)
        model.config.attention_dropout = 0.2  # so that chance enters every step
        for layer in model.model.layers:
            layer.self_attn.attention_dropout = 0.2
        trainer(model, encode(texts), callbacks, epochs=2).train()
        weights.append(model.state_dict())
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_refuses_before_the_first_step(model, texts, encode, trainer, watching):
    run = trainer(model, encode(texts, keep=lambda text, at: at < 5), [watching()])
    with pytest.raises(DataError, match=r"have labels of -100 on their secret"):
        run.train()
    assert run.state.global_step == 0


def test_stops_at_an_exposure(model, texts, encode, trainer, watching):
    run = trainer(model, encode(texts), [watching(stop_at_exposure=6.0)], epochs=8)
    run.train()
    told = [row["byheart_exposure_x16"] for row in run.state.log_history if "byheart_exposure_x16" in row]
    assert run.state.global_step < 72
    assert told[-1] == 6.0
    assert max(told[:-1], default=0) < 6.0


def test_stops_when_extracted(model, texts, encode, trainer, watching):
    run = trainer(model, encode(texts), [watching(stop_when_extracted=0.25)], epochs=12)
    run.train()
    told = [row["byheart_extracted"] for row in run.state.log_history if "byheart_extracted" in row]
    assert run.state.global_step < 108
    assert told[-1] >= 0.25
    assert max(told[:-1], default=0) < 0.25


def test_a_stop_that_cannot_come_is_refused(watching):
    with pytest.raises(UsageError, match=r"with 63 twins exposure is at most 6.00 bits; stop_at_exposure is 6.5"):
        watching(stop_at_exposure=6.5)
    with pytest.raises(UsageError, match=r"share above 0, at most 1; got 1.5"):
        watching(stop_when_extracted=1.5)
    with pytest.raises(UsageError, match=r"leave every_evaluation on"):
        watching(stop_when_extracted=0.5, every_evaluation=False)


def test_only_at_the_end_if_so_asked(model, texts, encode, trainer, watching):
    callback = watching(every_evaluation=False)
    trainer(model, encode(texts), [callback], epochs=2).train()
    assert [line["step"] for line in lines(callback)] == [18]


def test_a_trainer_without_evaluation_is_told(model, texts, encode, trainer, watching, caplog):
    callback = watching()
    with caplog.at_level(logging.INFO, "byheart"):
        trainer(model, encode(texts), [callback], eval_strategy="no").train()
    assert [line["step"] for line in lines(callback)] == [9]
    assert "only at the end" in caplog.text
    assert "All 4 canaries are in place: 9 batches scanned" in caplog.text


def test_the_best_model_is_scored_at_the_end(model, texts, encode, trainer, watching):
    """A metric that falls with every step makes the first checkpoint the best."""
    callback = watching()
    options = {"save_strategy": "epoch", "load_best_model_at_end": True, "metric_for_best_model": "byheart_falling"}

    class Falling(TrainerCallback):
        def on_evaluate(self, args, state, control, metrics=None, **kwargs):
            metrics["eval_byheart_falling"] = -state.global_step

    run = trainer(model, encode(texts), [Falling(), callback], epochs=2, greater_is_better=True, **options)
    run.train()
    first, second, end = lines(callback)
    assert (first["step"], second["step"], end["step"], end["weights_of_step"]) == (9, 18, 18, 9)
    assert end["byheart_exposure_mean"] == pytest.approx(first["byheart_exposure_mean"])


def test_attached_it_speaks_where_the_trainer_speaks(model, texts, encode, trainer, watching):
    class Reporter(TrainerCallback):
        def __init__(self):
            self.seen = []

        def on_log(self, args, state, control, logs=None, **kwargs):
            self.seen += [logs] if "byheart_extracted" in logs else []

    reporter = Reporter()
    run = trainer(model, encode(texts), [reporter])
    callback = watching().attach(run)
    assert callback.attach(run) is callback  # once is enough
    run.train()
    assert len(reporter.seen) == 1
    assert set(KEYS) <= set(reporter.seen[0])
    assert len([row for row in run.state.log_history if "byheart_extracted" in row]) == 1


def test_several_evaluation_sets_are_one_evaluation(model, texts, encode, trainer, watching):
    callback = watching()
    run = trainer(model, encode(texts), [callback])
    run.eval_dataset = {"a": encode(texts[:3]), "b": encode(texts[3:6])}
    run.train()
    assert len(lines(callback)) == 1


def test_other_processes_do_nothing(model, texts, encode, trainer, watching, monkeypatch):
    callback = watching()
    run = trainer(model, encode(["x"]), [callback])  # the main process would refuse these rows
    run.state.is_world_process_zero = False
    callback.on_train_begin(run.args, run.state, run.control, model=model, train_dataloader=run.get_train_dataloader())
    callback.on_evaluate(run.args, run.state, run.control, {}, model=model)
    callback.on_train_end(run.args, run.state, run.control, model=model)
    assert not callback.out.exists()


def test_weights_in_pieces_are_scored_later(model, planted, texts, encode, trainer, watching, caplog):
    callback = watching(members="train.jsonl", control="later.jsonl")
    run = trainer(model, encode(texts), [callback])
    model.lm_head.weight.ds_id = 0  # as ZeRO-3 marks it; the weights themselves are whole here, so training goes on
    with caplog.at_level(logging.INFO, "byheart"):
        run.train()
    assert lines(callback) == []
    said = json.loads((callback.out / "deferred.json").read_text())
    assert said["reason"] == "weights in pieces (DeepSpeed ZeRO-3)"
    assert said["command"] == (
        f"byheart audit text --model {run.args.output_dir} --members train.jsonl --control later.jsonl "
        f"--canaries {callback.out / 'canaries.json'} --seed 0 --out {callback.out / 'audit'}"
    )
    assert caplog.text.count(said["command"]) == 2  # at the beginning and at the end
    assert type(planted.manifest).load(callback.out / "canaries.json").planted == planted.manifest.planted


def test_weights_in_pieces_cannot_stop_a_run(model, texts, encode, trainer, watching):
    run = trainer(model, encode(texts), [watching(stop_at_exposure=3.0)])
    model.lm_head.weight.ds_id = 0
    with pytest.raises(UsageError, match=r"nothing is scored before they are saved"):
        run.train()


def test_the_audit_at_the_end(model, planted, texts, encode, trainer, watching, caplog):
    control = [t.replace("today", "at noon").replace("Note", "Memo") for t in texts if t.startswith("Note")]
    callback = watching(members=texts, control=control, profile="smoke")
    with caplog.at_level(logging.INFO, "byheart"):
        trainer(model, encode(texts), [callback], epochs=4).train()
    run = RunFolder.existing(callback.out / "audit")
    assert f"Report: {callback.out / 'audit' / 'report.html'}" in caplog.text
    assert (run.path / "report.html").stat().st_size > 1000
    assert run.verdicts
    exposure = run.scores["exposure"]
    assert (exposure.roles == "canary").sum() == 4


def test_an_audit_that_fails_does_not_lose_the_training(model, texts, encode, trainer, watching, caplog):
    callback = watching(members=["only one record"])
    with caplog.at_level(logging.INFO, "byheart"):
        result = trainer(model, encode(texts), [callback]).train()
    assert result.global_step == 9
    assert "The audit was not made" in caplog.text
    assert "byheart audit text --model" in caplog.text


def test_a_manifest_by_path(planted, tmp_path):
    planted.manifest.save(tmp_path / "canaries.json")
    callback = MemorizationCallback(tmp_path / "canaries.json", out=tmp_path / "watch")
    assert callback.manifest.planted == planted.manifest.planted
    with pytest.raises(DataError, match=r"cannot be read"):
        MemorizationCallback(tmp_path / "nothing.json")
    replace(planted.manifest, canaries=planted.manifest.planted).save(tmp_path / "bare.json")
    with pytest.raises(DataError, match=r"no never-planted twins"):
        MemorizationCallback(tmp_path / "bare.json")


def test_the_room_is_light_and_tells_what_is_missing():
    script = (
        "import sys\n"
        "import byheart.integrations\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
        "sys.modules['transformers'] = None\n"
        "from byheart.core.errors import MissingExtra\n"
        "try:\n"
        "    byheart.integrations.MemorizationCallback\n"
        "except MissingExtra as e:\n"
        "    print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{MissingExtra('transformers', 'text')}\n"


def test_a_second_audit_gets_a_folder_of_its_own(tmp_path):
    from byheart.integrations.memorization_callback import _unused

    folder = tmp_path / "audit"
    assert _unused(folder) == folder
    for expected in ("audit-2", "audit-3"):
        RunFolder.start(_unused(folder), {"verb": "audit text"})
        assert _unused(folder).name == expected
    with pytest.raises(RunError):
        RunFolder.start(folder, {"verb": "another"})


TWO = """
from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments
from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.integrations import MemorizationCallback
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
import sys

out, tokenizer = sys.argv[1], byte_tokenizer()
manifest = make_canaries(seed=0, families=("random",), repetitions=(1, 16), per_repetition=2, controls=63, salt="s")
planted = inject(manifest, [{"text": f"Note {i}: the dog rests."} for i in range(32)])
rows = [{"input_ids": i, "labels": i} for i in (tokenizer(r["text"])["input_ids"] for r in planted.data)]
args = TrainingArguments(
    out, per_device_train_batch_size=4, num_train_epochs=8, learning_rate=3e-3, eval_strategy="epoch", report_to=[],
    save_strategy="no", use_cpu=True, ddp_backend="gloo", disable_tqdm=True,
)
trainer = Trainer(
    tiny_gpt(len(tokenizer), seed=1), args, train_dataset=rows, eval_dataset=rows[:4], processing_class=tokenizer,
    data_collator=DataCollatorForSeq2Seq(tokenizer), callbacks=[
        MemorizationCallback(planted.manifest, out=out + "/watch", stop_at_exposure=6.0)
    ],
)
trainer.train()
open(f"{out}/stopped-{args.process_index}", "w").write(str(trainer.state.global_step))
"""


@pytest.mark.slow
def test_two_processes_stop_at_the_same_step(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(TWO)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([*launch, str(script), str(tmp_path)], check=True, capture_output=True, timeout=300)
    steps = [(tmp_path / f"stopped-{rank}").read_text() for rank in (0, 1)]
    written = [json.loads(line) for line in (tmp_path / "watch" / "history.jsonl").read_text().splitlines()]
    assert steps[0] == steps[1] == str(written[-1]["step"])
    assert int(steps[0]) < 72  # 66 rows in batches of 2 x 4: 9 steps a pass, 8 passes
    assert written[-1]["byheart_exposure_x16"] == 6
