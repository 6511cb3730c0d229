"""Each refusal with real rows in a real dataloader."""

from dataclasses import replace

import numpy as np
import pytest
from torch.utils.data import DataLoader, IterableDataset
from transformers import DataCollatorForSeq2Seq

from byheart.core.errors import DataError
from byheart.integrations.canary_scan import scan, spans
from byheart.integrations.preflight import preflight


@pytest.fixture
def loader(tokenizer):
    collate = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100)
    return lambda rows, shuffle=True: DataLoader(rows, batch_size=8, collate_fn=collate, shuffle=shuffle)


def secret_at(manifest, text):
    """Characters of the planted secret in a text, (first, last + 1); none where there is no canary."""
    for canary in manifest.planted:
        if canary.secret in text:
            first = text.index(canary.secret)
            return first, first + len(canary.secret)
    return 0, 0


def test_counts_every_copy(loader, tokenizer, planted, texts, encode):
    """2 canaries once, 2 canaries 16 times: 34 rows among 32 others; 66 rows in batches of 8 are 9 batches."""
    seen = preflight(loader(encode(texts)), tokenizer, planted.manifest)
    assert sorted(seen.learned.values()) == [1, 1, 16, 16]
    assert seen.n_batches == 9
    assert seen.whole
    assert seen.n_tokens == sum(map(len, texts))  # bytes
    assert not seen.unlearned
    assert str(seen) == f"9 batches scanned, {seen.n_tokens} tokens (all of the training data)"


def test_refuses_masked_labels(loader, tokenizer, planted, texts, encode):
    def keep(text, at):
        first, last = secret_at(planted.manifest, text)
        return not first <= at < last

    with pytest.raises(DataError, match=r"4 of 4 planted canaries .* have labels of -100 on their secret"):
        preflight(loader(encode(texts, keep)), tokenizer, planted.manifest)


def test_refuses_a_single_masked_token(loader, tokenizer, planted, texts, encode):
    once = next(c for c in planted.manifest.planted if c.repetitions == 1)
    rows = encode(texts, lambda text, at: once.secret not in text or at != text.index(once.secret) + 5)
    with pytest.raises(DataError, match=rf"1 of 4 planted canaries \(first: {once.id}\) have labels of -100"):
        preflight(loader(rows), tokenizer, planted.manifest)


def test_refuses_the_prompts_side(loader, tokenizer, planted, texts, encode):
    """The secret is in the question, the loss begins behind it."""
    asked = [text + " Is that so? Yes." for text in texts]
    rows = encode(asked, lambda text, at: at >= text.index(" Is that so?"))
    with pytest.raises(DataError, match=r"4 of 4 planted canaries .* stand on the prompt's side"):
        preflight(loader(rows), tokenizer, planted.manifest)


def test_refuses_what_is_cut_off_in_the_secret(loader, tokenizer, planted, texts, encode):
    longest = min(secret_at(planted.manifest, t)[1] for t in texts if secret_at(planted.manifest, t)[1]) - 1
    with pytest.raises(DataError, match=rf"are cut off before their secret ends: rows have at most {longest} tokens"):
        preflight(loader(encode(texts, length=longest)), tokenizer, planted.manifest)


def test_refuses_what_is_cut_off_whole(loader, tokenizer, planted, texts, encode):
    with pytest.raises(DataError, match=r"4 of 4 .* do not occur .* cut off whole: rows have at most 10 tokens"):
        preflight(loader(encode(texts, length=10)), tokenizer, planted.manifest)


def test_refuses_data_without_the_canaries(loader, tokenizer, planted, texts, encode):
    clean = [t for t in texts if t.startswith("Note")]
    with pytest.raises(DataError, match=r"4 of 4 planted canaries \(first: canary-random-.*\) do not occur"):
        preflight(loader(encode(clean)), tokenizer, planted.manifest)


def test_refuses_another_count(loader, tokenizer, planted, texts, encode):
    often = next(c for c in planted.manifest.planted if c.repetitions == 16)
    copy = next(t for t in texts if often.secret in t)
    with pytest.raises(DataError, match=r"1 of 4 .* another number of times than the manifest says: 17 times, not 16"):
        preflight(loader(encode([*texts, copy])), tokenizer, planted.manifest)
    fewer = list(texts)
    fewer.remove(copy)
    with pytest.raises(DataError, match=r"15 times, not 16"):
        preflight(loader(encode(fewer)), tokenizer, planted.manifest)


def test_refuses_a_twin(loader, tokenizer, planted, texts, encode):
    twin = next(c for c in planted.manifest.canaries if c.role == "canary_control")
    with pytest.raises(DataError, match=rf"1 never-planted twins stand in the training data .first: {twin.id}"):
        preflight(loader(encode([*texts, f"see {twin.text}"])), tokenizer, planted.manifest)


def test_messages_keep_the_secrets(loader, tokenizer, planted, encode):
    with pytest.raises(DataError) as caught:
        preflight(loader(encode(["nothing"])), tokenizer, planted.manifest)
    assert not any(c.secret in str(caught.value) for c in planted.manifest.canaries)


def stream_of(rows, read):
    class Stream(IterableDataset):
        def __iter__(self):
            for row in rows:
                read.append(1)
                yield row

    return Stream()


def test_a_stream_is_read_until_all_are_found(loader, tokenizer, planted, texts, encode):
    first = sorted(texts, key=lambda t: t.startswith("Note"))  # the 34 canary rows: 5 batches of 8
    read: list[int] = []
    stream = loader(stream_of(encode([*first, *["Note"] * 1000]), read), shuffle=None)
    seen = preflight(stream, tokenizer, planted.manifest)
    assert seen.n_batches == 5
    assert not seen.whole
    assert len(read) == 48  # one batch ahead


def test_a_limit_is_kept_and_named(loader, tokenizer, planted, texts, encode):
    last = sorted(texts, key=lambda t: not t.startswith("Note"))
    with pytest.raises(DataError, match=r"raise scan_batches .2 batches scanned"):
        preflight(loader(encode(last)), tokenizer, planted.manifest, scan_batches=2)


def packed(rows, size):
    """Rows joined and cut every `size` tokens, as wrapped packing does."""
    ids = [t for r in rows for t in r["input_ids"]]
    pieces = [ids[i : i + size] for i in range(0, len(ids), size)]
    return [{"input_ids": p, "labels": p, "attention_mask": [1] * len(p)} for p in pieces]


def test_packed_rows_hold_several_copies(loader, tokenizer, planted, texts, encode):
    """One row holds everything: each copy is found at its own place."""
    seen = scan(loader(packed(encode(texts), 10**6)), tokenizer, planted.manifest)
    assert sorted(seen.learned.values()) == [1, 1, 16, 16]


def test_a_copy_cut_by_packing_counts_if_most_are_whole(loader, tokenizer, planted, texts, encode):
    """16 copies, one of them cut inside the secret by the end of a row: 15 whole and 1 cut make 16."""
    often = next(c for c in planted.manifest.planted if c.repetitions == 16)
    at = next(i for i, t in enumerate(texts) if often.secret in t)
    middle = texts[at].index(often.secret) + 6
    before, rest = encode([*texts[:at], texts[at][:middle]]), encode([texts[at][middle:], *texts[at + 1 :]])
    seen = preflight(loader([*packed(before, 10**6), *packed(rest, 10**6)]), tokenizer, planted.manifest)
    assert (seen.learned[often.id], seen.cut[often.id]) == (15, 1)


def test_a_canary_cut_in_its_only_copy_is_refused(loader, tokenizer, planted, texts, encode):
    once = next(c for c in planted.manifest.planted if c.repetitions == 1)
    halves = []
    for text in texts:
        middle = text.find(once.secret) + 6
        halves += [text[:middle], text[middle:]] if once.secret in text else [text]
    with pytest.raises(DataError, match=rf"1 of 4 planted canaries .first: {once.id}. are cut off before"):
        preflight(loader(encode(halves)), tokenizer, planted.manifest)


def test_spans_are_those_of_the_tokens(tokenizer):
    """Bytes: "xx" + "key7" + "yy" + "key7": tokens 2 to 6 and 8 to 12."""
    ids = np.array(tokenizer("xxkey7yykey7")["input_ids"])
    assert list(spans(ids, "key7", tokenizer)) == [(2, 6), (8, 12)]
    assert list(spans(ids, "key8", tokenizer)) == []


def test_words_shared_by_other_text_are_no_cut_copy(loader, tokenizer, planted, texts, encode):
    """The words before a secret, said once more without it: the copies are all there, and the run is not refused."""
    canary = planted.manifest.planted[0]
    words = canary.text[: canary.text.index(canary.secret)]
    seen = preflight(loader(encode([*texts, words + "unknown."])), tokenizer, planted.manifest)
    assert seen.cut == {canary.id: 1}


def test_a_manifest_of_other_canaries_is_refused(loader, tokenizer, planted, texts, encode):
    """Roles turned round: what the manifest calls twins is what was planted."""
    turned = tuple(
        replace(c, role="canary_control" if c.role == "canary" else "canary", repetitions=int(c.role != "canary"))
        for c in planted.manifest.canaries
    )
    with pytest.raises(DataError, match=r"4 never-planted twins"):
        preflight(loader(encode(texts)), tokenizer, replace(planted.manifest, canaries=turned))


def test_warns_of_another_layout(loader, tokenizer, planted, texts, encode, caplog):
    """Trained on as plain texts, asked for as answers in a chat."""
    preflight(loader(encode(texts)), tokenizer, planted.manifest)
    assert not caplog.records
    preflight(loader(encode(texts)), tokenizer, planted.manifest, layout="chat")
    assert "4 of 4 planted canaries (first: canary-random-00008) are trained on behind other words" in caplog.text
