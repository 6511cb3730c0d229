"""What does a model compute inside, and what would it say if that were something else?

Hooks read activations, or change them, for the time of a `with` block; afterwards the model is as it was. Each forward
pass fills the readings anew, so that nothing of the pass before is kept. A change is a function of one token's
activation alone, so generation with a cache and without one are changed alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from byheart.core.errors import UsageError
from byheart.models.text.sites import Site, Tap, decoder, output_matrix, taps

Change = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def reading(
    module: Any, sites: Iterable[Site], *, dtype: torch.dtype | None = None
) -> Iterator[Mapping[Site, torch.Tensor]]:
    """What passes these sites, after each forward pass of the `with` block.

    Args:
        module: a causal language model of transformers, or a PEFT model around one.
        sites: where to read.
        dtype: of what is handed out; None leaves it as the model computes it.

    Yields:
        By site (texts, tokens, dim), detached; padding included; filled anew by each forward pass.

    Raises:
        UsageError: if the model has no such site.
    """
    found: dict[Site, torch.Tensor] = {}
    shape: list[int] = []

    def keep(site: Site) -> Change:
        def see(h: torch.Tensor) -> torch.Tensor:
            copied = h.detach().clone() if dtype in (None, h.dtype) else h.detach().to(dtype)
            found[site] = copied.view(*shape, site.dim)  # OPT's MLP sees all tokens in one row
            return h

        return see

    def begin(_: nn.Module, args: tuple[Any, ...]) -> None:
        found.clear()
        shape[:] = args[0].shape

    with ExitStack() as stack:
        handle = decoder(module).get_input_embeddings().register_forward_pre_hook(begin)
        stack.callback(handle.remove)
        _hang(stack, module, {site: keep(site) for site in sites})
        yield found


@contextmanager
def writing(module: Any, edits: Mapping[Site, Change]) -> Iterator[None]:
    """The model with its activations changed at these sites, for the time of a `with` block.

    Args:
        module: a causal language model of transformers, or a PEFT model around one.
        edits: by site, from h (texts, tokens, dim) to a new h' of that shape. A change to `post_attention` reaches
            the residual, not only the MLP that reads it.

    Raises:
        UsageError: if the model has no such site.
    """
    with ExitStack() as stack:
        _hang(stack, module, edits)
        yield


@torch.no_grad()
def head_contributions(module: Any, layer: int, attention_in: torch.Tensor) -> torch.Tensor:
    """What each head adds to the residual.

    Args:
        module: the model.
        layer: number of the block.
        attention_in: as read at the site of that kind (texts, tokens, dim).

    Returns:
        (texts, tokens, heads, width); their sum and the bias of the output matrix make `attention_out`.
    """
    matrix = output_matrix(module, layer)
    heads = int(decoder(module).config.get_text_config().num_attention_heads)
    silent = torch.zeros_like(attention_in)
    bias = matrix.forward(silent)  # not a call: it would be read and changed as a pass of the model
    by_head = attention_in.view(*attention_in.shape[:-1], heads, -1)
    parts = []
    for head in range(heads):
        alone = torch.zeros_like(by_head)
        alone[..., head, :] = by_head[..., head, :]
        parts.append(matrix.forward(alone.flatten(-2)) - bias)
    return torch.stack(parts, dim=-2)


def _hang(stack: ExitStack, module: Any, changes: Mapping[Site, Change]) -> None:
    """Register the changes; they are taken off when the stack closes, also when registering fails half-way."""
    known = taps(module)
    for site, change in changes.items():
        if site not in known:
            raise UsageError(f"this model has no site {site.address} of {site.dim} numbers; `sites(module)` names all")
        for handle in _hooks(known[site], change):
            stack.callback(handle.remove)


def _hooks(tap: Tap, change: Change) -> list[Any]:
    if tap.added_to is not None:
        return _residual_hooks(tap, tap.added_to, change)
    if tap.columns is not None:
        change = _in_columns(change, tap.columns)
    return [_on_input(tap.part, change) if tap.side == "in" else _on_output(tap.part, change)]


def _in_columns(change: Change, columns: torch.Tensor) -> Change:
    def changed(fused: torch.Tensor) -> torch.Tensor:
        before = fused[..., columns.to(fused.device)]
        after = change(before)
        if after is before:
            return fused
        whole = fused.clone()
        whole[..., columns.to(fused.device)] = after.to(fused.dtype)
        return whole

    return changed


def _residual_hooks(tap: Tap, block: nn.Module, change: Change) -> list[Any]:
    """The residual x + a is no module's output: x is seen at the block's door, and the change is added to a."""
    entered: list[torch.Tensor] = []

    def see(x: torch.Tensor) -> torch.Tensor:
        entered[:] = [x]
        return x

    def changed(a: torch.Tensor) -> torch.Tensor:
        before = entered.pop() + a * tap.factor
        after = change(before)
        return a if after is before else a + ((after - before) / tap.factor).to(a.dtype)

    return [_on_input(block, see), _on_output(tap.part, changed)]


def _on_output(part: nn.Module, change: Change) -> Any:
    def hook(_: nn.Module, __: Any, output: Any) -> Any:
        h = output[0] if isinstance(output, tuple) else output
        new = change(h)
        if new is h:
            return None
        new = new.to(h.dtype)
        return (new, *output[1:]) if isinstance(output, tuple) else new

    return part.register_forward_hook(hook)


def _on_input(part: nn.Module, change: Change) -> Any:
    def hook(_: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        h = args[0] if args else named["hidden_states"]
        new = change(h)
        if new is h:
            return None
        new = new.to(h.dtype)
        return ((new, *args[1:]), named) if args else (args, {**named, "hidden_states": new})

    return part.register_forward_pre_hook(hook, with_kwargs=True)
