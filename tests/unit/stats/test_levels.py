"""What is meant by 'level' unless told otherwise: 5 % of false alarms where claims are judged, 95 % cover elsewhere."""

import importlib
import inspect
import pkgutil

import pytest

import byheart.stats


def levels():
    """(module, function, its default level) of everything in the room that has one."""
    for found in pkgutil.walk_packages(byheart.stats.__path__, "byheart.stats."):
        module = importlib.import_module(found.name)
        for name, f in inspect.getmembers(module, inspect.isfunction):
            level = inspect.signature(f).parameters.get("level")
            if f.__module__ == found.name and level is not None and level.default is not inspect.Parameter.empty:
                yield found.name.removeprefix("byheart.stats."), name, level.default


@pytest.mark.parametrize(("module", "name", "level"), levels())
def test_levels_are_the_usual_ones(module, name, level):
    judged = module.startswith(("judge.", "power")) and not name.startswith("_")
    assert level == 0.05 if judged else level in (0.05, 0.95)


def test_none_of_the_judges_is_forgotten():
    assert {name for module, name, _ in levels() if module.startswith("judge.")} >= {
        "judge", "judge_dataset", "judge_contamination", "judge_recall", "judge_copies", "judge_share",
        "judge_exposure", "judge_extraction", "judge_privacy",
    }  # fmt: skip
