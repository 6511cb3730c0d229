"""Which token does a model hold for the likeliest, at every place of every text?"""

from __future__ import annotations

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import LOGIT_BYTES, TOKENS_PER_BATCH, n_front
from byheart.signals.text.windows import batches, windows


@torch.no_grad()
def best_guesses(target: LanguageModel, corpus: Corpus) -> Ragged:
    """The likeliest token at each place, given the true ones before it.

    Returns:
        Token ids, ragged int32 as the tokens of the records; -1 where nothing is predicted.
    """
    encoded = [target.encode(item) for item in corpus.items]
    shape = Ragged.of([e.ids for e in encoded], np.int32)
    found = np.full(shape.values.size, -1, np.int32)
    pieces = [w for row, e in enumerate(encoded) for w in windows(row, e.ids, n_front(target, e), target.context)]
    place = "cuda" if target.device.type == "cuda" else "cpu"
    portion = max(1, LOGIT_BYTES[place] // (4 * target.vocabulary))
    for batch in batches(pieces, TOKENS_PER_BATCH[place]):
        ids = torch.zeros(len(batch), batch[0].ids.size, dtype=torch.long)
        asked = torch.zeros_like(ids, dtype=torch.bool)
        for i, window in enumerate(batch):
            ids[i, : window.ids.size] = torch.from_numpy(window.ids)
            asked[i, window.skip : window.ids.size] = True
        states = target.hidden(ids.to(target.device))
        states = states.flatten(0, 1)[asked.flatten().nonzero()[:, 0].to(states.device)]
        best = [target.logits(part).argmax(dim=1).cpu().numpy() for part in torch.split(states, portion)]
        where = [shape.offsets[w.row] + w.at + np.arange(w.tokens.size) for w in batch]
        found[np.concatenate(where)] = np.concatenate(best)
    return shape.like(found)
