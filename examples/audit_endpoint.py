"""Audit a chat endpoint from end to end: a small server on this machine that knows some made-up articles by heart.

    python examples/audit_endpoint.py

To audit a real one, keep the last lines and give its address, its name and the variable that holds your key.
"""

from byheart import audit_chat
from byheart.models.chat.endpoint import EndpointChat
from byheart.models.chat.limits import Budget
from byheart.models.toy.chat_oracle import Oracle, made_up_article
from byheart.models.toy.chat_server import ChatServer
from byheart.report.terminal import verdict_lines

ARTICLES = [made_up_article(i) for i in range(30)]
UNKNOWN = [made_up_article(1000 + i) for i in range(30)]


def main() -> None:
    oracle = Oracle({text: 10 * i for i, text in enumerate(ARTICLES)})  # words known by heart: 0, 10, ... 290
    with ChatServer(oracle) as server:
        target = EndpointChat(server.url, "oracle", budget=Budget(max_requests=2000))
        run = audit_chat(target, ARTICLES, UNKNOWN, prefixes=(38, 75), offsets=(0, 100), out="runs/audit_endpoint")
    print("\n".join(verdict_lines(run.verdicts)))
    print(f"\nReport: {run.path / 'report.html'}")


if __name__ == "__main__":
    main()
