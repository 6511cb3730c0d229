"""The options that a method has unless told otherwise: the paper's. Changing one changes everybody's numbers."""

import inspect

import pytest

from byheart.core.card import addresses, load

DEFAULTS = {
    "blind": {"folds": 5},
    "blind_rows": {"folds": 5},
    "blind_twins": {"folds": 5},
    "cdd": {"alpha": 0.05, "max_tokens": 100},
    "con_recall": {"gamma": 0.5},
    "copied_record": {"threshold": 1 / 3},
    "copy_from_prefix": {"suffix": 50},
    "dc_pdd": {"counts": None, "cap": 0.01, "folds": 5},
    "extraction": {"suffix": 50, "tolerance": 0.001},
    "k_memorization": {"n_tokens": 32},
    "lira": {"offline": False, "own_variance": False},
    "memhunter": {"score": "rougeL_p", "exclude_told": True, "ngram": 5},
    "min_k": {"k": 0.2},
    "min_k_plus_plus": {"k": 0.2},
    "near_verbatim": {"max_edits": 0.1, "min_bleu": 0.75},
    "nearest_row": {"threshold": 1 / 3},
    "probabilistic_extraction": {"decoding": "logprob", "suffix": 50, "n": 1000, "p": 0.5},
    "rmia": {"gamma": 1.0, "offline": False, "a": 0.3},
    "singling_out": {"n_descriptions": 1000, "n_columns": 3},
    "surp": {"max_entropy": 2.0, "k": 0.4},
    "table_quality": {"target": None, "limit": 4000, "pairs": 1000, "sdmetrics": False},
    "verbatim": {"public": (), "shared_run": 8, "whole_words": 20},
    "window": {"width": 50},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_stay(name):
    parameters = inspect.signature(load(f"measure/{name}")).parameters
    assert {option: parameters[option].default for option in DEFAULTS[name]} == DEFAULTS[name]


@pytest.mark.parametrize("address", [a for a in addresses() if "seed" in inspect.signature(load(a)).parameters])
def test_seeds_begin_at_0(address):
    """Or have no default: two calls without a seed say the same, today and after the next change."""
    assert inspect.signature(load(address)).parameters["seed"].default in (0, inspect.Parameter.empty)
