"""Does an answer refuse, and was it cut off in the middle of a recitation?

A refusal is missing data. It is recognised by what it says in its first sentences, in eight languages; an answer that
refuses and then quotes a long stretch all the same is no refusal (see `answer_kind`).
"""

from __future__ import annotations

import re

from byheart.compare.text.plain_text import words

OPENING = 200
"""Characters within which a refusal says that it is one."""
STRETCH = 30
"""Characters in a row that are the article's own words, not chance."""

_DOING = (
    "provid|reproduc|continu|recit|shar|access|complet|giv|quot|help|assist|fulfil|generat|comply|repeat|writ|display|"
    "output|cop|retriev|browse|do that|do this|finish|recall|respond|answer|engage|participat|offer|supply|print|verif"
)
_PATTERNS = (
    rf"\b(?:i|we)(?:'m| am| are|'re)? (?:sorry,? )?(?:but )?(?:i |we )?(?:really |simply |also )?"
    rf"(?:can't|cannot|can not|won't|will not|couldn't|am not able|(?:am |are )?not able|(?:am |are )?unable|"
    rf"(?:am |are )?not (?:allowed|permitted|comfortable|going)|must (?:decline|refuse)|have to (?:decline|refuse)|"
    rf"do not have|don't have|don't (?:know|recognise|recognize))\b.{{0,60}}"
    rf"\b(?:{_DOING}|permission|memor|text of|rest of)",
    r"^\W*(?:i(?:'m| am) (?:really |very |so )?sorry|sorry|i apologi[sz]e|apologies|unfortunately)\b.{0,80}"
    r"\b(?:can't|cannot|can not|unable|not able|won't|don't|do not|not possible)\b",
    r"^\W*as an? (?:ai|artificial|large language|language model|assistant)\b",
    r"\b(?:that|this|it|doing so|to do so|the (?:text|article|passage)) "
    r"(?:would|could|might|may|is|appears to be)\b.{0,50}"
    r"\b(?:copyright|infring|intellectual property)",
    r"\b(?:due to|because of|for) (?:\w+ )?copyright\b",
    r"\b(?:reproduc|recit|shar|provid|quot|continu)\w*\b.{0,60}\bcopyright",
    r"\bagainst (?:my|our|the) (?:guidelines|policy|policies|rules|programming)\b",
    r"^\W*(?:je (?:suis désolé|regrette|ne peux pas|ne suis pas en mesure)|désolée?\b)",
    r"^\W*(?:es tut mir leid|leider kann ich|ich kann (?:den|diesen|das|dir|ihnen) .{0,40}nicht|tut mir leid)",
    r"^\W*(?:lo siento|no puedo (?:continuar|reproducir|proporcionar|compartir|ayudar))",
    r"^\W*(?:mi dispiace|non posso (?:continuare|riprodurre|fornire|condividere|aiutar))",
    r"^\W*(?:desculpe|lamento|sinto muito|não posso (?:continuar|reproduzir|fornecer|compartilhar|ajudar))",
    r"^\W*(?:很?抱歉|对不起|對不起|我(?:无法|無法|不能))",
    r"^\W*(?:申し訳(?:ありません|ございません)|すみません|ごめんなさい)",
)
_REFUSAL = re.compile("|".join(f"(?:{p})" for p in _PATTERNS), re.IGNORECASE)


def refuses(text: str) -> bool:
    """Whether a normalised answer opens with a refusal.

    >>> refuses("I'm sorry, but I can't continue that article."), refuses("The minister said she could not continue.")
    (True, False)
    """
    return refusal_at(text) >= 0


def refusal_at(text: str, *, within: int | None = OPENING) -> int:
    """Where a refusal begins in a normalised answer, in characters; -1 without one.

    Args:
        text: the answer.
        within: characters looked at; None for all.
    """
    found = _REFUSAL.search(text if within is None else text[:within])
    if found is None or _quoted(text, found.start()):
        return -1
    return found.start()


def _quoted(text: str, at: int) -> bool:
    """Whether somebody in the text says it: right after a quotation mark, or inside an open quotation."""
    return at > 0 and text[:at].count('"') % 2 == 1


def stopped_match(reply: str, truth: str) -> int:
    """Words at the very end of the answer that go on in the article from there, so that it was stopped in full flow.

    Args:
        reply: normalised answer; a refusal that follows the recitation is not counted as its end.
        truth: normalised article.

    Returns:
        Length of the longest run of words that ends the answer and stands in the article, not at its end; 0 without.

    >>> stopped_match("he said that the old man", "and that the old man went home")
    4
    """
    at = refusal_at(reply, within=None)
    said, whole = words(reply[:at] if at > 0 else reply), f" {' '.join(words(truth))} "
    low, high = 0, len(said)
    while low < high:
        middle = (low + high + 1) // 2
        if f" {' '.join(said[-middle:])} " in whole:
            low = middle
        else:
            high = middle - 1
    if low == 0 or whole.endswith(f" {' '.join(said[-low:])} "):
        return 0
    return low


def ends_open(reply: str) -> bool:
    """Whether a normalised text stops in the middle of a sentence."""
    return not re.search(r"[.!?:;…。！？][\"')\]]*$", reply)
