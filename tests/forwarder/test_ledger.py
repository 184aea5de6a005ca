from pathlib import Path

import pytest

from relay.forwarder.ledger import Ledger
from relay.uplink.cursor import Cursor


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "upstream-eu.json"
    assert Ledger(file).load() == {}
    kept = {"main": Cursor({"video-1": 932_000_001}, 7), "cues": Cursor()}
    await Ledger(file).save(kept)
    assert Ledger(file).load() == kept
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


async def test_nothing_is_written_when_nothing_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "upstream-eu.json"
    ledger = Ledger(file)
    await ledger.save({"main": Cursor({"v": 1})})
    file.unlink()
    await ledger.save({"main": Cursor({"v": 1})})
    assert not file.exists()
    await ledger.save({"main": Cursor({"v": 2})})
    assert Ledger(file).load() == {"main": Cursor({"v": 2})}


async def test_without_a_file_nothing_is_kept() -> None:
    ledger = Ledger(None)
    await ledger.save({"main": Cursor({"v": 1})})
    assert ledger.load() == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"streams": []}', '{"streams": {"main": 1}}', "\x00" * 40]
)
def test_a_damaged_one_counts_for_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "upstream-eu.json"
    file.write_text(text)
    assert Ledger(file).load() == {}


async def test_a_disk_that_refuses_stops_nobody(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "absent" / "upstream-eu.json")
    await ledger.save({"main": Cursor({"v": 1})})
    (tmp_path / "absent").mkdir()
    await ledger.save({"main": Cursor({"v": 1})})
    assert ledger.load() == {"main": Cursor({"v": 1})}
