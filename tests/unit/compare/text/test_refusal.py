import pytest

from byheart.compare.text.plain_text import normalise
from byheart.compare.text.refusal import ends_open, refusal_at, refuses, stopped_match

REFUSALS = [
    "I'm sorry, but I can't continue that article.",
    "I’m sorry, but I can’t provide verbatim text from copyrighted articles.",
    "I cannot reproduce the article, but I can summarise it for you.",
    "I am unable to share the full text of this piece.",
    "I'm not able to recite copyrighted content.",
    "Sorry, I can't help with that.",
    "Unfortunately, I do not have access to the rest of this article.",
    "I won't be able to provide the continuation word for word.",
    "As an AI language model, I do not have the ability to recall specific articles.",
    "I apologize, but I am not able to continue this text exactly.",
    "We are not permitted to reproduce this material.",
    "This would infringe the copyright of the publisher.",
    "Due to copyright restrictions, here is a summary instead.",
    "I don't have the text of that article memorized.",
    "I must decline to quote the original.",
    "That goes against my guidelines.",
    "It is not possible for me; I can't access the internet.",
    "I can't do that.",
    "Thank you for your message! Unfortunately I cannot give you the original wording.",
    "Reproducing the article word for word would raise copyright concerns.",
    "Je suis désolé, mais je ne peux pas continuer ce texte.",
    "Es tut mir leid, aber ich kann diesen Artikel nicht wiedergeben.",
    "Leider kann ich den Text nicht wörtlich fortsetzen.",
    "Lo siento, pero no puedo reproducir el artículo.",
    "Mi dispiace, ma non posso continuare il testo.",
    "Desculpe, não posso reproduzir o artigo.",
    "抱歉，我无法提供这篇文章的全文。",
    "申し訳ありませんが、記事の続きを提供することはできません。",
]
ANSWERS = [
    "The minister said she could not continue in office after the vote.",
    '"I cannot share that with you," the officer told reporters on Monday.',
    "and the committee was unable to agree on a date for the next session.",
    "Officials declined to comment. The company, which is based in Ohio, fell 3 percent.",
    "Sorry about the weather, the guide laughed, and led us up the hill.",
    "In 1998 the court ruled that copyright law did not cover the design.",
    "Here is the continuation: the crowd had gathered before dawn to see the ship.",
    "It was not possible to reach the village by road, so the doctor walked.",
    "She wrote that nobody can help a man who will not listen.",
    "“We can’t provide shelter for everyone,” the mayor said.",
    "of the old harbour, where fishermen mend their nets in the evening light.",
    "He will not be able to play on Saturday, the coach confirmed.",
    "The assistant put the kettle on and said nothing.",
    "As an artist, she painted the same tree for forty years.",
    "Sure! Here is how the article goes on: The river rose by two metres overnight.",
    "policies against smuggling were tightened last spring, officials said",
    "No one was hurt. Police are looking for witnesses.",
    "The text of the treaty has not been published.",
    "Unfortunate as it was, the accident led to better rules.",
    "I grew up in a small town where everybody knew my grandmother.",
]


def test_the_labelled_set_is_told_apart():
    """All 28 refusals and 20 continuations, among them speech and reports that sound like refusals."""
    missed = [t for t in REFUSALS if not refuses(normalise(t))]
    wrong = [t for t in ANSWERS if refuses(normalise(t))]
    assert (missed, wrong) == ([], [])


def test_a_refusal_far_into_a_text_is_no_refusal_but_can_be_found():
    text = "word " * 60 + "I'm sorry, but I can't continue this."
    assert not refuses(text)
    assert refusal_at(text, within=None) >= 290


@pytest.mark.parametrize(
    ("reply", "n"),
    [
        ("Sure: the old man went", 4),
        ("the old man went to sea today", 0),  # goes on with words of its own
        ("the old man went to sea", 0),  # came to the end of the article: nothing cut it off
        ("the old man I'm sorry, but I can't continue.", 3),
        ("", 0),
    ],
)
def test_recitations_that_stop_in_full_flow(reply, n):
    assert stopped_match(reply, "and so the old man went to sea") == n


def test_a_text_ends_in_the_middle_of_a_sentence_or_not():
    assert ends_open("the old man went")
    assert not ends_open('the old man went home."')
