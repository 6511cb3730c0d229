"""Random models of few letters, whose every prompt can be tried, and texts to bring back."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.search.port import Pair

LETTERS = "abcdefghijklmnop"
PAIRS = [Pair(f"r{i}", f"the {w} sat on", f" a {w} mat of old") for i, w in enumerate(["cat", "hen", "fox"])]


def letters_tokenizer(merges=()):
    """Sixteen letters, one token each, and perhaps pairs of them that are read as one."""
    vocabulary = {c: i for i, c in enumerate([*LETTERS, *("".join(m) for m in merges)])}
    tokenizer = Tokenizer(models.BPE(vocabulary, list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def random_target(seed=0, merges=()):
    """A random model of 16 tokens whose weights are large enough for prompts to matter."""
    module = tiny_gpt(16 + len(merges), width=32, layers=2, context=64, seed=seed)
    for name, w in module.named_parameters():
        if w.dim() > 1:
            w.data.mul_(20.0 if "embed" in name else 6.0)
    return CausalLM(module, letters_tokenizer(merges), name="random letters")


def words_target(seed=0, context=256):
    return CausalLM(tiny_gpt(272, width=32, layers=1, context=context, seed=seed), byte_tokenizer(bos=True))
