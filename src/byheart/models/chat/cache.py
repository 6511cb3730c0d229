"""How does a killed audit repeat no paid request? Each answer is a file, named after all that the request depends on.

A file is whole or absent. It holds the answer, not the conversation, and never a key. Failed requests are not kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from byheart.core.atomic import write_json
from byheart.core.digest import digest_json
from byheart.core.target.chat import ChatModel, ChatReply, ChatRequest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedChat:
    """A chat model that is asked every question once.

    Args:
        model: the model.
        folder: where the answers are kept.
    """

    model: ChatModel
    folder: Path

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """The model's."""
        return self.model.digest

    def complete(self, requests: Sequence[ChatRequest]) -> Iterator[tuple[int, ChatReply]]:
        """As `ChatModel.complete`; only what is not kept yet is sent."""
        paths = [self.path(r) for r in requests]
        missing = []
        for i, path in enumerate(paths):
            kept = read_reply(path)
            if kept is None:
                missing.append(i)
            else:
                yield i, kept
        for k, reply in self.model.complete([requests[i] for i in missing]):
            if reply.finish != "error":
                write_json(asdict(reply), paths[missing[k]])
            yield missing[k], reply

    def path(self, request: ChatRequest) -> Path:
        """Where the answer to a request is kept."""
        name = digest_json([self.digest, asdict(request)])
        return self.folder / name[:2] / f"{name}.json"

    def kept(self) -> Iterator[ChatReply]:
        """All answers there are, in no order that matters."""
        for path in sorted(self.folder.glob("??/*.json")):
            reply = read_reply(path)
            if reply is not None:
                yield reply


def read_reply(path: Path) -> ChatReply | None:
    """The answer in a file; None if it is absent, or damaged: then it is asked again."""
    if not path.exists():
        return None
    try:
        return ChatReply(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as e:
        log.warning("%s is damaged (%s); that request is sent again", path, type(e).__name__)
        return None
