from byheart.compare.text.echo import strip_echo
from byheart.compare.text.substring import longest_common_substring


def test_the_prompt_said_again_is_no_memory():
    prefix = "The quick brown fox jumps over the lazy dog and then"
    truth = "it slept under the old oak tree for an hour"
    said = strip_echo(f"Sure! {prefix} {truth}", prefix)
    assert longest_common_substring(said, prefix).length < 30
    assert longest_common_substring(said, truth).length == len(truth)


def test_the_end_of_the_prompt_said_again_goes_however_short():
    assert strip_echo("lazy dog it slept", "over the lazy dog") == " it slept"
    assert strip_echo("dog it slept", "over the lazy dog") == "dog it slept"  # one word may be the article's own
    assert strip_echo("azy dog", "over the lazy dog") == "azy dog"


def test_a_refrain_that_goes_on_as_the_article_does_is_recited_and_one_that_does_not_is_echo():
    """The prompt's 43 characters stand in the article again; 30 characters more of the article tell who recites."""
    refrain, more = "as the old rule of the harbour has it since", " the lamps are lit before anybody speaks"
    prompt, truth = f"They met, {refrain}", f" and they met again, {refrain}{more} of it."
    assert strip_echo(f"Then {refrain}{more} of it.", f"{prompt} 1900", truth) == f"Then {refrain}{more} of it."
    gone = strip_echo(f"Then {refrain} and so on and on and on and on.", f"{prompt} 1900", truth)
    assert refrain[5:-5] not in gone
    short = strip_echo(f"Then {refrain}{more[:20]}! Who knows.", f"{prompt} 1900", truth)
    assert refrain[5:-5] not in short
    whole = f" so they sat and they met again, {refrain}."
    before = strip_echo(f"and they met again, {refrain} there. Well", f"{prompt} 1900", whole)
    assert refrain not in before  # 20 characters more before it are too few
    assert strip_echo(f"so they sat and they met again, {refrain}.", f"{prompt} 1900", whole).count(refrain) == 1
