"""How does a model behind an OpenAI-compatible server answer conversations, on a bad day too?

There is no default host, and a key comes only from an environment variable that the user names. What may pass by itself
(429, 5xx, time-outs, cut streams, garbage) is tried again after a growing pause; what will not (a wrong key, an unknown
model) ends the audit in one line. A request that keeps failing is an error of its own; many in a row end the audit.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from byheart.core.digest import digest_json
from byheart.core.errors import TargetError, UsageError
from byheart.core.randomness import generator
from byheart.core.target.chat import ChatReply, ChatRequest
from byheart.models.chat.limits import Budget, Pace
from byheart.models.chat.opening import as_dicts
from byheart.models.chat.wire import NoAnswer, Wire

AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}
FOREVER = ("insufficient_quota", "billing")
FILTERED = ("content_filter", "content management policy", "content_policy")
IN_A_ROW = 5  # requests that failed for good, one after the other: then the server is down

log = logging.getLogger(__name__)


@dataclass(eq=False)
class EndpointChat:
    """A model behind `POST URL/chat/completions`.

    Args:
        url: up to and without `/chat/completions`, as in `http://localhost:8000/v1`.
        model: name of the model, as the server knows it.
        key_env: environment variable that holds the key; None sends none.
        budget: what may be spent.
        per_minute: requests a minute at most.
        at_once: requests under way at the same time.
        attempts: how often a request is sent before it counts as failed.
        timeout: seconds without a byte.
        pause: seconds before the second attempt; doubled for each further one, up to a minute.
        stream: ask for the answer in pieces, so that one that is cut off on the way is seen as far as it came.

    Raises:
        UsageError: if the address, the key or a number has no meaning.
    """

    url: str
    model: str
    key_env: str | None = None
    budget: Budget = field(default_factory=Budget)
    per_minute: float | None = None
    at_once: int = 1
    attempts: int = 6
    timeout: float = 120.0
    pause: float = 1.0
    stream: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username or parts.password:
            raise UsageError(
                f"--endpoint is an http(s) address without user or key in it; got {parts.scheme}://{parts.hostname}"
            )
        if not self.model.strip():
            raise UsageError("the name of the model is empty; give --model as the server calls it")
        if self.at_once < 1 or self.attempts < 1 or not self.timeout > 0:
            raise UsageError(f"got {self.at_once} requests at once, {self.attempts} attempts, {self.timeout} s")
        self.name = self.model
        self.url = self.url.rstrip("/").removesuffix("/chat/completions")
        self.digest = digest_json([self.url, self.model])
        self._wire = Wire(f"{self.url}/chat/completions", _authorization(self.key_env), self.timeout)
        self._pace, self._lock, self._failed = Pace(self.per_minute), threading.Lock(), 0
        self._renamed: dict[str, str | None] = {}  # parameters that this server calls differently, or not at all

    def complete(self, requests: Sequence[ChatRequest]) -> Iterator[tuple[int, ChatReply]]:
        """As `ChatModel.complete`, `at_once` of them at the same time.

        Raises:
            TargetError: if the server will not answer any more.
            BudgetSpent: if the budget is; requests under way are waited for.
        """
        waiting, under_way = iter(enumerate(requests)), dict[Future[ChatReply], int]()
        error: BaseException | None = None
        pool = ThreadPoolExecutor(self.at_once)

        def send(most: int) -> None:
            for i, request in islice(waiting, most):
                under_way[pool.submit(self._answer, request)] = i

        try:
            send(self.at_once)
            while under_way:
                for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                    i, failed = under_way.pop(done), done.exception()
                    error = error or failed
                    if failed is None:
                        yield i, done.result()  # whoever takes it keeps it, before the next one is sent
                    if error is None:
                        send(1)
        finally:
            pool.shutdown(cancel_futures=True)
        if error is not None:
            raise error

    def _answer(self, request: ChatRequest) -> ChatReply:
        trouble, broke_off = NoAnswer("never sent"), set[str]()
        for attempt in range(self.attempts):
            if attempt:
                self._rest(attempt, trouble, request)
            self.budget.claim()
            self._pace.wait()
            try:
                reply = self._wire.post(self._body(request))
            except NoAnswer as e:
                trouble = e
                if e.partial and e.partial in broke_off:
                    break
                broke_off.add(e.partial)
                settled = self._settle(e, request)
                if settled is not None:
                    return settled
                continue
            self._failed = 0
            return self._counted(request, reply)
        return self._failure(trouble, request)

    def _counted(self, request: ChatRequest, reply: ChatReply) -> ChatReply:
        """The answer with its tokens, guessed from its length where the server does not count, and charged."""
        if not reply.prompt_tokens + reply.new_tokens:
            asked = sum(len(content) for _, content in request.messages)
            reply = replace(reply, prompt_tokens=1 + asked // 4, new_tokens=len(reply.text) // 4)
        self.budget.used(reply.prompt_tokens + reply.new_tokens)
        return reply

    def _failure(self, trouble: NoAnswer, request: ChatRequest) -> ChatReply:
        """A request that failed every time; a stream that always breaks off has an answer, which is cut."""
        if trouble.partial:
            self._failed = 0
            return self._counted(request, ChatReply(trouble.partial, "cut", note=str(trouble)))
        with self._lock:
            self._failed += 1
            if self._failed >= IN_A_ROW:
                raise TargetError(
                    f"{self._place()} does not answer: {self._failed} requests in a row failed {self.attempts} times "
                    f"each, the last with: {trouble}. What was answered is kept; the same command goes on from there"
                ) from trouble
        log.warning("A request failed %d times and is left out: %s", self.attempts, trouble)
        return ChatReply("", "error", note=str(trouble))

    def _settle(self, trouble: NoAnswer, request: ChatRequest) -> ChatReply | None:
        """What a failed attempt means for good; None if it may be tried again.

        Raises:
            TargetError: if every other request would fail in the same way.
        """
        said = str(trouble)
        if trouble.status is None or (trouble.status in AGAIN and not any(w in said for w in FOREVER)):
            return None
        if trouble.status in (400, 422) and self._other_name(said):
            return None
        if any(w in said for w in FILTERED):
            return ChatReply("", "filter", note=said)
        if trouble.status in (400, 413, 422):
            return self._failure(NoAnswer(said, status=trouble.status), request)
        if trouble.status in (401, 403):
            key = f"the key in {self.key_env}" if self.key_env else "no key was sent; name its variable with --key-env"
            raise TargetError(f"{self._place()} refuses the request ({said}): {key}") from trouble
        raise TargetError(f"{self._place()} does not serve {self.model!r} ({said})") from trouble

    def _other_name(self, said: str) -> bool:
        """Whether a parameter that the server complains of can be renamed or left out, which is then done."""
        with self._lock:
            for name, other in (("max_tokens", "max_completion_tokens"), ("temperature", None), ("seed", None)):
                if name in said and name not in self._renamed:
                    self._renamed[name] = other
                    log.warning("The server does not take %s; %s.", name, f"{other} is sent" if other else "left out")
                    return True
        return False

    def _body(self, request: ChatRequest) -> Mapping[str, Any]:
        body: dict[str, Any] = {
            "model": self.model, "messages": as_dicts(request), "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        }  # fmt: skip
        if request.seed is not None:
            body["seed"] = request.seed % (1 << 31)
        if self.stream:
            body |= {"stream": True}
        named = {self._renamed.get(k, k): v for k, v in body.items()}
        return {k: v for k, v in named.items() if k is not None}

    def _rest(self, attempt: int, trouble: NoAnswer, request: ChatRequest) -> None:
        """As long as the server asks for, else twice as long each time, spread so that not all come back at once."""
        jitter = generator(attempt, "pause", digest_json(request.messages)).uniform(0.5, 1.0)
        seconds = trouble.wait if trouble.wait is not None else min(60.0, self.pause * 2 ** (attempt - 1)) * jitter
        log.info("No answer (%s); trying again in %.1f s.", trouble, seconds)
        if trouble.status == 429:
            self._pace.hold(seconds)
        time.sleep(min(seconds, 600.0))

    def _place(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def adapted(self) -> list[str]:
        """Parameters that the server did not take, in words."""
        return [f"{k} was sent as {v}" if v else f"{k} was left out" for k, v in self._renamed.items()]


def _authorization(key_env: str | None) -> dict[str, str]:
    if key_env is None:
        return {}
    key = os.environ.get(key_env, "").strip()
    if not key:
        raise UsageError(f"the environment variable {key_env} is empty or not set; put the key into it")
    return {"Authorization": f"Bearer {key}"}
