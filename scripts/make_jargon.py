"""Make examples/data/jargon.jsonl from the Jargon File 4.4.7 (public domain), as Debian's jargon-text ships it.

    zcat /usr/share/doc/jargon-text/jargon.txt.gz | python scripts/make_jargon.py > examples/data/jargon.jsonl

One record an entry of 40 to 75 words. Entries with rude or hateful words are left out: a demo is read aloud.
"""

import json
import re
import sys

RUDE = re.compile(
    r"fuck|shit|crap|piss|sex|porn|penis|breast|nazi|rape|nigg|bitch|whore|suck|ass\b|arse|damn|hell\b|god"
    r"|jesus|christ|gay|lesbian|homosex|fascis|kill|murder|suicid|drug|drunk|racis|women|woman|girl|ethnic"
    r"|turd|dick|cock|tit\b|retard|cretin|moron|idiot|bastard|vomit|puke|excre|urin|balls|screw|islam|jew"
    r"|muslim|black|oral|muck|nipple|clit|sadis|masoch|slang term for a|blow|terror|bomb",
    re.IGNORECASE,
)


def main() -> None:
    """Read the file from standard input, write JSONL to standard output."""
    parts = re.split(r"\n   :([^:\n]{1,40}): ([^\n]*)\n", sys.stdin.read())
    for name, head, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        first = re.split(r"\n\s*\n(?=\s{0,2}\S)|\n\s*\[\[|\n +1\. ", body)[0]
        text = f"{name}: {re.sub(r'/[^/]*/,? *', '', head)} {first}"
        text = re.sub(r"[{}]", "", re.sub(r"\s+", " ", text)).strip()
        if 40 <= len(text.split()) <= 75 and text.endswith((".", "”", ")")) and not RUDE.search(text):
            sys.stdout.write(
                json.dumps({"id": re.sub(r"\W+", "-", name).strip("-").lower(), "text": text}, ensure_ascii=False)
                + "\n"
            )


if __name__ == "__main__":
    main()
