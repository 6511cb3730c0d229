"""What does an OpenAI-compatible server say? One HTTP exchange, its answer or why there is none.

Standard library only. Redirects are not followed, as the key would travel with them.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from byheart.core.target.chat import ChatReply, Finish

FINISHES: dict[str | None, Finish] = {"length": "length", "content_filter": "filter"}
LONGEST = 16 << 20  # bytes of an answer that are read


class NoAnswer(Exception):
    """A request that brought no answer.

    Args:
        said: what happened, in words.
        status: of HTTP, None if there was none.
        wait: seconds that the server asks to wait.
        partial: what had come before it broke off.
    """

    def __init__(self, said: str, *, status: int | None = None, wait: float | None = None, partial: str = "") -> None:
        super().__init__(said)
        self.status, self.wait, self.partial = status, wait, partial


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


@dataclass(frozen=True)
class Wire:
    """Where requests go.

    Args:
        url: of the chat completions.
        headers: sent with every request, the key among them; never printed.
        timeout: seconds without a byte.
    """

    url: str
    headers: Mapping[str, str]
    timeout: float

    def __repr__(self) -> str:
        return f"Wire({self.url!r})"

    def post(self, body: Mapping[str, Any]) -> ChatReply:
        """Send one request.

        Raises:
            NoAnswer: if no usable answer came.
        """
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url, data, {"Content-Type": "application/json", **self.headers})
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=self.timeout) as response:
                kind = response.headers.get_content_type()
                return _streamed(response) if kind == "text/event-stream" else _whole(response)
        except urllib.error.HTTPError as e:
            raise NoAnswer(_told(e), status=e.code, wait=_asked_wait(e.headers)) from e
        except http.client.IncompleteRead as e:
            raise NoAnswer("the connection was cut in the middle of an answer") from e
        except (OSError, http.client.HTTPException) as e:
            raise NoAnswer(f"no answer ({getattr(e, 'reason', None) or e or type(e).__name__})") from e


def _whole(response: Any) -> ChatReply:
    return _read_completion(_json(response.read(LONGEST)))


def _read_completion(content: Any) -> ChatReply:
    try:
        choice = content["choices"][0]
        message = choice["message"]
        said, refused = message.get("content"), message.get("refusal")
        finish: Finish = "refusal" if refused and not said else FINISHES.get(choice.get("finish_reason"), "stop")
        return ChatReply(_text(said) or _text(refused), finish, *_usage(content), served=_served(content))
    except (LookupError, TypeError, AttributeError) as e:
        raise NoAnswer(f"the answer is no chat completion: {str(content)[:80]!r}") from e


def _streamed(response: Any) -> ChatReply:
    """Pieces as they come; without a last word the answer counts as cut."""
    text, refused, ended = "", "", None
    last: dict[str, Any] = {}
    try:
        for piece in _events(response):
            last = {**last, **{k: v for k, v in piece.items() if v}}
            for choice in (piece.get("choices") or [])[:1]:
                delta = choice.get("delta") or {}
                text += _text(delta.get("content"))
                refused += _text(delta.get("refusal"))
                ended = choice.get("finish_reason") or ended
    except (OSError, http.client.HTTPException) as e:
        raise NoAnswer("the stream was cut in the middle of an answer", partial=text) from e
    except (TypeError, AttributeError) as e:
        raise NoAnswer("the stream holds something else than a chat completion", partial=text) from e
    if ended is None:
        raise NoAnswer("the stream was cut in the middle of an answer", partial=text)
    finish: Finish = "refusal" if refused and not text else FINISHES.get(ended, "stop")
    return ChatReply(text or refused, finish, *_usage(last), served=_served(last))


def _events(response: Any) -> Iterator[dict[str, Any]]:
    for line in response:
        if line.startswith(b"data:") and line[5:].strip() not in (b"", b"[DONE]"):
            yield _json(line[5:])


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as e:
        raise NoAnswer(f"the answer is not JSON: {data[:60]!r}") from e


def _text(content: Any) -> str:
    """The words of a message, which some servers give in parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _usage(content: Mapping[str, Any]) -> tuple[int, int]:
    usage = content.get("usage") or {}
    return int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)


def _served(content: Mapping[str, Any]) -> str:
    return " ".join(str(content[k]) for k in ("model", "system_fingerprint") if content.get(k))


def _told(error: urllib.error.HTTPError) -> str:
    """What the server says about its refusal to answer, in one line."""
    try:
        content = error.read(4096).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        content = ""
    try:
        said = json.loads(content)["error"]
        content = " ".join(str(said[k]) for k in ("code", "message") if said.get(k)) if isinstance(said, dict) else said
    except (ValueError, LookupError, TypeError):
        pass
    return f"{error.code} {' '.join(str(content).split())[:200]}".strip()


def _asked_wait(headers: Any) -> float | None:
    """Seconds of `Retry-After`, which may be a number or a date."""
    said = headers.get("Retry-After") if headers is not None else None
    if said is None:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        at = email.utils.parsedate_tz(said)
        return None if at is None else max(0.0, email.utils.mktime_tz(at) - time.time())
