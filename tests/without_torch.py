"""Commands of byheart on a machine that lacks torch and whatever else the extra `text` brings.

    python without_torch.py < COMMANDS > RESULTS

COMMANDS is a JSON list of command lines, each a list of words, done one after the other. RESULTS holds the exit code
and both streams of each, and which of the absent libraries were loaded all the same.
"""

import contextlib
import io
import json
import sys

ABSENT = {"torch", "transformers", "tokenizers", "peft", "accelerate", "gguf", "datasets", "huggingface_hub"}


class Without:
    """A finder of modules that does not find some, as if they had never been installed."""

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in ABSENT else self.finder.find_spec(name, path, target)


def main():
    sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
    from byheart.cli.main import run

    results = []
    for command in json.load(sys.stdin):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(command)
        results.append({"code": code, "out": out.getvalue(), "err": err.getvalue()})
    loaded = sorted(ABSENT & {name.partition(".")[0] for name in sys.modules})
    json.dump({"results": results, "loaded": loaded}, sys.stdout)


if __name__ == "__main__":
    main()
