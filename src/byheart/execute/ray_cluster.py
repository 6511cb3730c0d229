"""Which Ray cluster does the work, and who gives it back?

A cluster that the process is in already is used and left alone. One given by address is joined for the time of the
work. One of our own takes seconds to start, so it stays open for the passes that follow and ends with the process.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray._private.services import canonicalize_bootstrap_address
from ray.exceptions import RayError

import byheart
from byheart.core.errors import MissingExtra, UsageError

QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Own:
    """The cluster that this process started and keeps open."""

    node: str
    cores: int
    store_bytes: int


_own: _Own | None = None


@contextmanager
def joined(address: str | None, *, cores: int, store_bytes: int) -> Iterator[None]:
    """Be in a Ray cluster for the time of the block.

    Args:
        address: of a running cluster; None for the one this process has joined or `RAY_ADDRESS` names, else our own.
        cores: that a cluster of our own has.
        store_bytes: its shared memory.

    Raises:
        UsageError: if no cluster answers at the address, or it does not let us in.
        MissingExtra: if the address is `ray://` and the packages of Ray's client are not installed.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    if ray.is_initialized():
        fits = address == "local" and _own is not None and (_own.cores, _own.store_bytes) == (cores, store_bytes)
        if fits or not _in_own():
            yield
            return
        close()
    if address == "local":
        _start(cores, store_bytes)
        yield
        return
    _join(address)
    try:
        yield
    finally:
        ray.shutdown()


def close() -> None:
    """Give back the cluster that we started; a cluster of others is left alone. Safe to call twice."""
    global _own
    if _in_own():
        ray.shutdown()
    _own = None


def _in_own() -> bool:
    """Is the cluster that this process is in the one that we started? The process may have changed it since."""
    if _own is None or not ray.is_initialized():
        return False
    return any(node["NodeID"] == _own.node for node in ray.nodes())  # type: ignore[no-untyped-call]


def _start(cores: int, store_bytes: int) -> None:
    """Start a cluster here. Ray ends it when the interpreter exits, and when this process is killed."""
    global _own
    found: Any = ray.init("local", num_cpus=cores, object_store_memory=store_bytes, include_dashboard=False, **QUIET)
    _own = _Own(found.address_info["node_id"], cores, store_bytes)


def _join(address: str) -> None:
    if "://" in address and importlib.util.find_spec("grpc") is None:
        raise MissingExtra("grpcio, which Ray needs for ray:// addresses,", "ray")
    try:
        _knock(address)
    except (OSError, ValueError) as e:
        raise UsageError(f"no Ray cluster answers at {address!r} ({_line(e)}); check that it runs there") from e
    options: dict[str, Any] = {**QUIET, "runtime_env": {"py_modules": [str(Path(byheart.__file__).parent)]}}
    try:
        try:
            ray.init(address, **options)
        except ConnectionAbortedError as e:  # the head forks a server per client, which now and then dies of the fork
            log.warning(
                "the Ray cluster at %s lost the server for this client (%s); asking once more", address, _line(e)
            )
            ray.init(address, **options)
    except (OSError, ValueError, RuntimeError, RayError) as e:
        raise UsageError(
            f"no Ray cluster lets us in at {address!r} ({_line(e)}); is it the right port (10001 for ray://), and if "
            f"its `ray start` spoke of token authentication, is RAY_AUTH_MODE=token set here, with its token in "
            f"~/.ray/auth_token or RAY_AUTH_TOKEN?"
        ) from e


def _knock(address: str) -> None:
    """Does anybody listen there? Ray itself would go on asking for minutes.

    Raises:
        OSError: if nobody does.
    """
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or canonicalize_bootstrap_address("auto") or ""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _line(error: BaseException) -> str:
    """What the error says, in one line of 200 characters."""
    said = " ".join(str(error).split())
    return said if len(said) <= 200 else f"{said[:200]}..."
