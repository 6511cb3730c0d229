"""`byheart audit chat`: what a chat model writes when it is asked to go on with our articles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from byheart.cli import options as o


def chat(
    model: Annotated[str, typer.Option("--model", help="Name the server knows; without --endpoint as in audit text.")],
    members: Annotated[str, typer.Option("--members", help="Articles that the model may know.")],
    control: Annotated[str | None, typer.Option("--control", help="Articles like them it cannot have seen.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="OpenAI-compatible server, as http://localhost:8000/v1.")
    ] = None,
    key_env: Annotated[
        str | None, typer.Option("--key-env", help="Environment variable that holds the key; none by default.")
    ] = None,
    prefix: Annotated[list[int] | None, typer.Option("--prefix", help="Words given; may stand several times.")] = None,
    offset: Annotated[
        list[int] | None, typer.Option("--offset", help="Words left out before the prefix; may stand several times.")
    ] = None,
    attack: Annotated[
        list[str] | None, typer.Option("--attack", help="Template or .yaml file of them; may stand several times.")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", help="Answers to each question; the first is greedy.")] = 1,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Longest answer.")] = 256,
    boilerplate: Annotated[str | None, typer.Option("--boilerplate", help="Texts that are nobody's.")] = None,
    max_requests: Annotated[int | None, typer.Option("--max-requests", help="Budget of the run.")] = None,
    token_budget: Annotated[int | None, typer.Option("--token-budget", help="Tokens read and written.")] = None,
    requests_per_minute: Annotated[float | None, typer.Option("--requests-per-minute", help="Pace.")] = None,
    at_once: Annotated[int, typer.Option("--at-once", help="Requests under way at the same time.")] = 1,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds without a byte.")] = 120.0,
    attempts: Annotated[int, typer.Option("--attempts", help="How often a request is tried.")] = 6,
    stream: Annotated[bool, typer.Option("--stream", help="Take answers in pieces, to see where one is cut.")] = False,
    cache: Annotated[Path | None, typer.Option("--cache", help="Folder of answers; default in the run folder.")] = None,
    text_column: Annotated[str | None, typer.Option("--text-column", help="Column that holds the text.")] = None,
    group_column: Annotated[str | None, typer.Option("--group-column", help="Author or source of an article.")] = None,
    date_column: Annotated[str | None, typer.Option("--date-column", help="Date of an article.")] = None,
    out: o.Out = None,
    seed: o.Seed = 0,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    profile: o.ProfileName = "routine",
    limit: o.Limit = None,
    fail_on: o.FailOn = None,
    junit: o.Junit = None,
    show_text: o.ShowText = False,
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
    as_json: o.AsJson = False,
    config: o.Config = None,
) -> int:
    """How much of our articles does a chat model give back word for word, beyond articles it cannot know?"""
    from byheart.audit import audit_chat
    from byheart.audit.chat.audit_chat import ATTACKS
    from byheart.cli.audit import begin, check_gate, finish
    from byheart.models.chat.limits import Budget

    check_gate(fail_on, junit)
    begin(quiet)
    budget = Budget(max_requests, token_budget)
    asked: Any = model
    if endpoint is not None:
        from byheart.models.chat.endpoint import EndpointChat

        asked = EndpointChat(
            endpoint, model, key_env, budget, requests_per_minute, at_once, attempts, timeout, stream=stream
        )
    run = audit_chat(
        asked,
        members,
        control,
        prefixes=prefix or None,
        offsets=offset or (0,),
        attacks=attack or ATTACKS,
        n_samples=samples,
        max_tokens=max_tokens,
        boilerplate=boilerplate,
        budget=budget,
        cache=cache,
        text_column=text_column,
        group_column=group_column,
        date_column=date_column,
        out=out,
        seed=seed,
        device=device,
        dtype=dtype,
        profile=profile,
        limit=limit,
        trust_remote_code=trust_remote_code,
        show_text=show_text,
        command_line=o.typed(),
    )
    return finish(run, fail_on=fail_on, junit=junit, as_json=as_json)
