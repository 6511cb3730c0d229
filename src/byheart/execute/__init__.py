"""Shards that survive a kill, and the engines that do them: this machine, or a Ray cluster."""

from __future__ import annotations

from byheart.core.errors import UsageError
from byheart.execute.job import Engine

ENGINES = ("local", "ray")


def engine_named(name: str, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine that `--engine` names.

    Args:
        name: one of `ENGINES`.
        workers: how many models are held at once, on Ray; None for as many as fit.
        address: of a Ray cluster (`ray://host:10001`, `auto`); None starts one here for the time of the work.

    Raises:
        UsageError: if the name is unknown, or an option has no meaning for the engine.
        MissingExtra: if Ray is not installed.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers is at least 1; got {workers}")
    if name == "ray":
        from byheart.execute.ray_engine import RayEngine

        return RayEngine(address=address, workers=workers)
    if name != "local":
        raise UsageError(f"--engine is one of {', '.join(ENGINES)}; got {name!r}")
    if address is not None or (workers or 1) > 1:
        raise UsageError("the local engine is one worker in this process; use --engine ray for more")
    from byheart.execute.local import LocalEngine

    return LocalEngine()
