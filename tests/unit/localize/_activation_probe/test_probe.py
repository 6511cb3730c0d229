import numpy as np
import pytest

from byheart.core.errors import RunError
from byheart.localize._activation_probe.probe import Probe


def test_a_probe_is_kept_and_read_again(tmp_path):
    rng = np.random.default_rng(0)
    w, h = rng.normal(size=4), rng.normal(size=(3, 4))
    probe = Probe("layers.1.block", w, np.array(0.5), rng.normal(size=4), np.array(-1.0), np.array(2.0), w, np.abs(w))
    np.testing.assert_allclose(probe.logit(h), h @ w + 0.5)
    probe.save(tmp_path / "probe.safetensors")
    back = Probe.load(tmp_path / "probe.safetensors")
    assert back.site == probe.site
    for name, values in probe.state.items():
        np.testing.assert_array_equal(back.state[name], values)
        assert back.state[name].shape == values.shape
    np.testing.assert_array_equal(Probe.of(probe.state, "x").w, w)
    with pytest.raises(RunError, match="writes it"):
        Probe.load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match="no probe"):
        Probe.load(tmp_path / "bad.safetensors")
