"""The server of models/toy/chat_server.py on a bad day."""

import json
import threading

from byheart.models.toy import chat_server
from byheart.models.toy.chat_oracle import VOCABULARY, Oracle, made_up_article

__all__ = ["VOCABULARY", "ChatServer", "Oracle", "made_up_article"]


class ChatServer(chat_server.ChatServer):
    """Serves `answer(body) -> (content, finish reason)`; `fault(number, body)` may name what goes wrong instead.

    Faults: 401, 404, 429, 500 and other numbers, `garbage`, `cut`, `odd` (JSON that is no completion), `refuse` (the
    refusal field), `filter`, `hang` (until `release` is set).
    """

    def __init__(self, answer, fault=None):
        super().__init__(answer)
        self.fault = fault or (lambda number, body: None)
        self.answered, self.release, self.hanging = [], threading.Event(), threading.Event()

    def __exit__(self, *_):
        self.release.set()
        super().__exit__()

    def completion(self, body, content, finish, **more):
        made = super().completion(body, content, finish, **more)
        return {**made, "usage": {**made["usage"], "completion_tokens": 7}}

    def reply(self, handler, number, body):
        fault = self.fault(number, body)
        if fault == "hang":
            self.hanging.set()
            self.release.wait(60)
            return None
        if isinstance(fault, tuple):
            fault, headers, said = (*fault, {}, None)[:3]
            return self.send(handler, fault, json.dumps(said or {"error": {"message": "no"}}).encode(), headers)
        if isinstance(fault, int):
            return self.send(handler, fault, json.dumps({"error": {"message": f"fault {fault}"}}).encode())
        if fault == "garbage":
            return self.send(handler, 200, b"<html>busy</html>")
        if fault == "odd":
            return self.send(handler, 200, b'{"choices": []}')
        (content, finish), more = self.answer(body), {}
        if fault == "refuse":
            content, finish, more = None, "stop", {"refusal": "I can't help with that."}
        if fault == "filter":
            content, finish = "", "content_filter"
        if body.get("stream"):
            return self._stream(handler, body, content or "", finish, fault == "cut")
        data = json.dumps(self.completion(body, content, finish, **more)).encode()
        if fault == "cut":
            return self.send(handler, 200, data[: len(data) // 2], {}, len(data))
        self._note(body)
        return self.send(handler, 200, data)

    def _stream(self, handler, body, content, finish, cut):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        said = content.split(" ")
        for word in said[: len(said) // 2 if cut else len(said)]:
            piece = {"model": "oracle-1", "choices": [{"delta": {"content": word + " "}, "finish_reason": None}]}
            handler.wfile.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
        if not cut:
            last = {"choices": [{"delta": {}, "finish_reason": finish}]}
            handler.wfile.write(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
            self._note(body)

    def _note(self, body):
        with self.lock:
            self.answered.append(json.dumps(body, sort_keys=True))
