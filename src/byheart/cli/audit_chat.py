"""What `byheart audit chat` spells otherwise than `audit_chat`: the endpoint stands in the place of a model."""

from __future__ import annotations

from typing import Any

PACE = ("requests_per_minute", "at_once", "timeout", "attempts", "stream")
INSTEAD = {
    "prefixes": ("endpoint", "key_env", "prefix"),
    "n_samples": ("samples",),
    "temperature": (),
    "budget": ("max_requests", "token_budget", *PACE),
}


def arguments(
    model: str,
    endpoint: str | None = None,
    key_env: str | None = None,
    prefix: list[int] | None = None,
    samples: int = 1,
    max_requests: int | None = None,
    token_budget: int | None = None,
    requests_per_minute: float | None = None,
    at_once: int = 1,
    timeout: float = 120.0,
    attempts: int = 6,
    stream: bool = False,
) -> dict[str, Any]:
    """Arguments of `audit_chat` from what was typed.

    Args:
        model: name the server knows; without --endpoint as in audit text.
        endpoint: OpenAI-compatible server, as http://localhost:8000/v1.
        key_env: environment variable that holds the key; none by default.
        prefix: words given; may stand several times.
        samples: answers to each question; the first is greedy.
        max_requests: budget of the run.
        token_budget: tokens read and written.
        requests_per_minute: pace.
        at_once: requests under way at the same time.
        timeout: seconds without a byte.
        attempts: how often a request is tried.
        stream: take answers in pieces, to see where one is cut.
    """
    from byheart.models.chat.limits import Budget

    budget = Budget(max_requests, token_budget)
    asked: Any = model
    if endpoint is not None:
        from byheart.models.chat.endpoint import EndpointChat

        asked = EndpointChat(
            endpoint, model, key_env, budget, requests_per_minute, at_once, attempts, timeout, stream=stream
        )
    return {"model": asked, "prefixes": prefix, "n_samples": samples, "budget": budget}
