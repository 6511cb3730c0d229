"""A method's command is made from what it asks for and what it can be told."""

import inspect

from byheart.cli.steps import _callback
from byheart.core.card import load


def options(address):
    """Names and defaults of the plain command of a method, the run folder left out."""
    parameters = list(inspect.signature(_callback(load(address))).parameters.values())
    assert parameters[0].name == "run"
    return {p.name: p.default for p in parameters[1:]}


def test_what_is_opened_for_a_method_can_be_named():
    opened = {"device": "auto", "dtype": "auto", "trust_remote_code": False}
    assert options("explain/sources") == {"least": 10, "places": 5, "index": None, **opened}
    assert options("localize/activation_probe").items() >= opened.items()
    assert options("measure/loss") == {}


def test_an_option_without_a_default_is_asked_for():
    assert options("measure/anonymeter_linkability") == {"anonymeter": None, "n_attacks": 500}
