import numpy as np

from byheart.measure.gradnorm import gradnorm


def test_smaller_gradients_are_better_known(written):
    assert gradnorm(written(gradient_norm=np.array([0.5, 2.0], np.float32))).values.tolist() == [-0.5, -2.0]
