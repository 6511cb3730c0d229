"""How does one put a chat model of one's own behind an address? A small server on this machine, for trials.

It speaks the part of the OpenAI protocol that `models/chat/endpoint.py` asks for, to this machine only.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Answer = Callable[[Body], tuple[str, str]]


class ChatServer:
    """Serves `POST /v1/chat/completions` for the time of a `with` block.

    Args:
        answer: from the body of a request to the text of the answer and its finish reason (`stop`, `length`).
        model: what the server calls itself.
    """

    def __init__(self, answer: Answer, model: str = "oracle-1") -> None:
        self.answer, self.model, self.url = answer, model, ""
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()

    def __enter__(self) -> ChatServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                """Answer one request."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner.lock:
                    number = len(owner.bodies)
                    owner.bodies.append(body)
                    owner.headers.append({"path": self.path, **self.headers})
                with contextlib.suppress(OSError):  # the other side has gone
                    owner.reply(self, number, body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        serve: Any = self.server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reply(self, handler: BaseHTTPRequestHandler, number: int, body: Body) -> None:
        """Send the answer to one request; `number` counts them from 0."""
        content, finish = self.answer(body)
        self.send(handler, 200, json.dumps(self.completion(body, content, finish)).encode())

    def completion(self, body: Body, content: str | None, finish: str, **more: Any) -> Body:
        """The answer as the protocol has it, with further fields of the message."""
        message = {"role": "assistant", "content": content, **more}
        usage = {
            "prompt_tokens": sum(len(m["content"]) for m in body["messages"]) // 4,
            "completion_tokens": len(content or "") // 4,
        }
        return {"model": self.model, "choices": [{"message": message, "finish_reason": finish}], "usage": usage}

    @staticmethod
    def send(
        handler: BaseHTTPRequestHandler, status: int, data: bytes, headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:  # fmt: skip
        """Send one response; a `length` of more than there is makes it break off on the way."""
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)
