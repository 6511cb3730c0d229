"""Where in a decoder can an activation be read or changed?

A decoder is read by its structure: a list of blocks, each with an attention part and an MLP, whose matrices are known
by the names that the families of transformers give them. Serial blocks (Llama, GPT-2) and parallel ones (GPT-NeoX,
GPT-J, Phi) are told apart, as only in the former there is a residual between attention and MLP.

Source: Slonski 2024, arXiv 2412.01014 (activations are compared at every place of a block; the list of places follows
the author's earlier tool, as the paper's own was not at hand).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from byheart.core.errors import TargetError, UsageError

KINDS = (
    "embed", "input_norm", "q", "k", "v", "attention_in", "attention_out", "post_attention",
    "mlp_norm", "gate", "up", "mlp_act", "mlp_out", "block",
)  # fmt: skip
"""In the order in which a token passes them."""

ATTENTION = ("self_attn", "attention", "attn", "self_attention")
OUTPUT = ("o_proj", "out_proj", "dense", "c_proj")
FUSED = ("query_key_value", "c_attn", "qkv_proj")
MLP = ("mlp", "feed_forward", "block_sparse_moe")
UP = ("up_proj", "dense_h_to_4h", "c_fc", "fc1", "fc_in")
DOWN = ("down_proj", "dense_4h_to_h", "c_proj", "fc2", "fc_out")
SECOND_NORM = ("post_attention_layernorm", "pre_feedforward_layernorm", "ln_2", "final_layer_norm")


@dataclass(frozen=True, order=True)
class Site:
    """One place that every token passes.

    Args:
        layer: number of the block, from 0; -1 for the embedding.
        kind: one of `KINDS`. `q`, `k`, `v` are as their matrices leave them, before rotation; `attention_in` is what
            enters the output matrix of attention, heads behind each other; `post_attention` the residual between
            attention and MLP; `mlp_act` what enters the last matrix of the MLP, its neurons; `block` the residual
            after the block.
        dim: how many numbers.
        heads: in how many heads they fall, equal in size.
    """

    layer: int
    kind: str
    dim: int
    heads: int = 1

    @property
    def address(self) -> str:
        """`layers.7.mlp_act`; number 312 of it is `layers.7.mlp_act:312`.

        >>> Site(7, "mlp_act", 1536).address
        'layers.7.mlp_act'
        """
        return "embed" if self.layer < 0 else f"layers.{self.layer}.{self.kind}"

    @staticmethod
    def parse(address: str, module: Any) -> Site:
        """The site of a model at an address; a coordinate behind a colon is left aside.

        Raises:
            UsageError: if the model has no such site.
        """
        known = {site.address: site for site in sites(module)}
        name = address.partition(":")[0]
        if name not in known:
            last = max(site.layer for site in known.values())
            kinds = ", ".join(dict.fromkeys(site.kind for site in known.values() if site.layer == 0))
            raise UsageError(f"no site {address!r}; they are embed and layers.N.KIND, N from 0 to {last}, KIND {kinds}")
        return known[name]


@dataclass(frozen=True, eq=False)
class Tap:
    """Where a site is found in the running model.

    Args:
        part: the submodule.
        side: whether it is what enters the part or what leaves it.
        columns: which numbers of a fused matrix belong to the site, int64 (dim,); None for all.
        added_to: the block whose input is added before the site is whole (`post_attention`).
        factor: what the part's output is multiplied by before that.
    """

    part: nn.Module
    side: Literal["in", "out"]
    columns: torch.Tensor | None = None
    added_to: nn.Module | None = None
    factor: float = 1.0


def sites(module: Any) -> list[Site]:
    """All sites of a decoder, in the order in which a token passes them.

    Args:
        module: a causal language model of transformers, or a PEFT model around one.

    Raises:
        TargetError: if its structure is not one that can be read.
    """
    return list(taps(module))


def taps(module: Any) -> dict[Site, Tap]:
    """Every site with its place in the model.

    Raises:
        TargetError: if its structure is not one that can be read.
    """
    inner = decoder(module)
    config, blocks = inner.config.get_text_config(), _blocks(inner)
    embedding = inner.get_input_embeddings()
    found = {Site(-1, "embed", int(embedding.weight.shape[1])): Tap(embedding, "out")}
    for layer, block in enumerate(blocks):
        by_kind = dict(_block_taps(block, config))
        for kind in KINDS:
            if kind in by_kind:
                dim, heads, tap = by_kind[kind]
                found[Site(layer, kind, dim, heads)] = tap
    return found


def decoder(module: Any) -> Any:
    """The transformers model itself, taken out of PEFT's wrapping if there is one."""
    wrapped = hasattr(module, "peft_config") and hasattr(module, "get_base_model")
    return module.get_base_model() if wrapped else module


def output_matrix(module: Any, layer: int) -> nn.Module:
    """The matrix that ends the attention of a block."""
    matrix: nn.Module = _attention_and_output(_blocks(decoder(module))[layer])[1]
    return matrix


def _blocks(inner: Any) -> nn.ModuleList:
    for part in inner.modules():
        if isinstance(part, nn.ModuleList) and len(part) and all(_attention_and_output(b) for b in part):
            return part
    raise TargetError(
        f"the structure of {type(inner).__name__} cannot be read: no list of blocks whose attention ends in a matrix "
        f"called {', '.join(OUTPUT)}; activations are read in decoders such as Llama, GPT-2 and GPT-NeoX"
    )


def _attention_and_output(block: nn.Module) -> Any:
    """The attention part of a block and the matrix that ends it; None without."""
    attention = _child(block, ATTENTION)
    attention = _child(attention, ("attention",)) or attention
    output = _child(attention, OUTPUT)
    return None if output is None else (attention, output)


def _child(part: nn.Module | None, names: tuple[str, ...]) -> nn.Module | None:
    return next((p for p in (getattr(part, name, None) for name in names) if isinstance(p, nn.Module)), None)


def _widths(matrix: Any) -> tuple[int, int]:
    """Numbers that enter and that leave a matrix, whatever class it is of (an adapter, a GPT-2 matrix)."""
    matrix = matrix.get_base_layer() if hasattr(matrix, "get_base_layer") else matrix
    if hasattr(matrix, "in_features"):
        return int(matrix.in_features), int(matrix.out_features)
    return int(matrix.weight.shape[0]), int(matrix.weight.shape[1])  # GPT-2 stores its matrices transposed


Found = tuple[str, tuple[int, int, Tap]]


def _block_taps(block: nn.Module, config: Any) -> Iterator[Found]:
    attention, output = _attention_and_output(block)
    inside, width = _widths(output)
    heads = int(config.num_attention_heads)
    yield "input_norm", (width, 1, Tap(attention, "in"))
    yield from _query_taps(attention, config, heads, inside)
    yield "attention_in", (inside, heads, Tap(output, "in"))
    yield "attention_out", (width, 1, Tap(output, "out"))
    factor = float(getattr(config, "residual_multiplier", 1.0))
    if _serial(block, config):
        yield "post_attention", (width, 1, Tap(_branch_end(block, output), "out", None, block, factor))
    yield from _mlp_taps(block, width)
    yield "block", (width, 1, Tap(block, "out"))


def _query_taps(attention: nn.Module, config: Any, heads: int, inside: int) -> Iterator[Found]:
    size = inside // heads
    for kind in ("q", "k", "v"):
        matrix = _child(attention, (f"{kind}_proj",))
        if matrix is not None:
            dim = _widths(matrix)[1]
            yield kind, (dim, dim // size, Tap(matrix, "out"))
    fused = _child(attention, FUSED)
    if fused is None:
        return
    for kind, columns in _fused_columns(attention, config, _widths(fused)[1], inside, size).items():
        yield kind, (len(columns), len(columns) // size, Tap(fused, "out", columns))


def _fused_columns(attention: nn.Module, config: Any, total: int, inside: int, size: int) -> dict[str, torch.Tensor]:
    """Which numbers of a fused matrix are queries, keys and values; empty where the order is not known."""
    order = torch.arange(total)
    if hasattr(attention, "query_key_value"):  # q, k and v of one head stand together
        if total != 3 * inside or getattr(config, "multi_query", False):
            return {}
        by_head = order.view(-1, 3, size)
        return {kind: by_head[:, i].flatten() for i, kind in enumerate("qkv")}
    shared = (total - inside) // 2  # all queries, then all keys, then all values
    return dict(zip("qkv", torch.split(order, [inside, shared, shared]), strict=True))


def _mlp_taps(block: nn.Module, width: int) -> Iterator[Found]:
    mlp = _child(block, MLP)
    holder = block if mlp is None else mlp
    down, up, gate, both = (_child(holder, names) for names in (DOWN, UP, ("gate_proj",), ("gate_up_proj",)))
    reader = mlp if mlp is not None else up
    if reader is not None:
        yield "mlp_norm", (width, 1, Tap(reader, "in"))
    if down is None:  # a mixture of experts has no one matrix
        if mlp is not None:
            yield "mlp_out", (width, 1, Tap(mlp, "out"))
        return
    inside = _widths(down)[0]
    for kind, matrix in (("gate", gate), ("up", up)):
        if matrix is not None:
            yield kind, (_widths(matrix)[1], 1, Tap(matrix, "out"))
    if both is not None:
        for kind, columns in zip(("gate", "up"), torch.arange(2 * inside).chunk(2), strict=True):
            yield kind, (inside, 1, Tap(both, "out", columns))
    yield "mlp_act", (inside, 1, Tap(down, "in"))
    yield "mlp_out", (width, 1, Tap(down, "out"))


def _serial(block: nn.Module, config: Any) -> bool:
    """Whether the MLP reads what attention wrote."""
    parallel = getattr(block, "use_parallel_residual", False) or getattr(config, "parallel_attn", False)
    return not parallel and _child(block, SECOND_NORM) is not None


def _branch_end(block: nn.Module, output: nn.Module) -> nn.Module:
    """What leaves here is added to the residual: the output matrix, or the norm that some families put behind it."""
    behind = hasattr(block, "pre_feedforward_layernorm") or not hasattr(block, "input_layernorm")
    norm = _child(block, ("post_attention_layernorm",))
    return norm if behind and norm is not None else output
