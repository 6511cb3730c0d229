"""How long does each of several ways take when other things run too? Rounds interleaved in one process, minima kept."""

import json
import os
import platform
import time
from pathlib import Path

import torch
import transformers

RESULTS = Path(__file__).parent / "results"
TEXTS = Path(__file__).parents[1] / "examples" / "data" / "jargon.jsonl"


def smallest(ways, rounds):
    """Smallest wall and CPU seconds of each way, by name, after one call that does not count."""
    best = {name: {"wall_s": float("inf"), "cpu_s": float("inf")} for name in ways}
    for i in range(rounds + 1):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if i:
                best[name]["wall_s"] = min(best[name]["wall_s"], wall)
                best[name]["cpu_s"] = min(best[name]["cpu_s"], cpu)
    return best


def ratio(best, slow, fast):
    """How many times the time of `fast` is that of `slow`, wall and CPU."""
    return {kind.removesuffix("_s"): round(best[slow][kind] / best[fast][kind], 3) for kind in ("wall_s", "cpu_s")}


def machine():
    """What the figures were made on."""
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "load": round(os.getloadavg()[0], 2),
    }


def texts(target, n, tokens):
    """Real English of the demo's corpus as n encoded texts of about so many tokens, 0.6 to 1.4 times."""
    lines = TEXTS.read_text(encoding="utf-8").splitlines()
    whole = target.encode("\n\n".join(json.loads(line)["text"] for line in lines))
    sizes = [max(2, round(tokens * (0.6 + 0.8 * i / max(1, n - 1)))) for i in range(n)]
    cut, made = 0, []
    for size in sizes[::2] + sizes[1::2]:
        made.append(whole.text[whole.start[cut] : whole.end[cut + size - 1]])
        cut += size
    return made


def write(name, figures):
    """Write `results/NAME.json` and show it."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({**figures, **machine()}, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
