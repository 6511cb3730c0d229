"""What stands in the trade-off of cures."""

from byheart.audit.table.curing import draw_trade_off
from byheart.core.run import RunFolder


def test_an_edit_that_was_cut_short_does_not_stop_later_ones(tmp_path):
    (tmp_path / "edits/tabcutmix-unknown-0/before/run").mkdir(parents=True)
    assert draw_trade_off(RunFolder(tmp_path)) is False
    assert not (tmp_path / "findings/trade_off.json").exists()
