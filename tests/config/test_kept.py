"""What the API made is found again, whatever has become of the file."""

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.config import ChannelTable
from relay.config.kept import NAME, Kept

SETTINGS = {
    "fragment_duration": "1.92",
    "patience": 2.5,
    "fail_over": ["stale"],
    "tracks": {"alias": {"audio_eng-128000": "audio-128000"}},
    "sources": {"enc_a": {"token_file": "/run/enc_a", "allow": ["10.0.0.0/8"]}},
    "upstreams": {"eu": {"url": "https://eu.example/live/news.isml?a=b", "stamp_index": 64}},
}


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    made = {
        "news": ChannelTable.model_validate(SETTINGS),
        "sport": ChannelTable.model_validate({"fragment_duration": "2002/1000"}),
    }
    Kept(tmp_path).save(made, {"sport", "file_one"})
    assert Kept(tmp_path).load() == (made, {"sport", "file_one"})
    assert json.loads((tmp_path / NAME).read_text())["channels"] == {
        "news": SETTINGS,
        "sport": {"fragment_duration": "2.002"},
    }
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_nothing_is_kept_without_a_folder_or_before_there_was_anything(tmp_path: Path) -> None:
    nowhere = Kept(None)
    nowhere.save({"news": ChannelTable()}, {"news"})
    assert nowhere.load() == ({}, set())
    assert not nowhere.lasts
    assert Kept(tmp_path).load() == ({}, set())
    assert Kept(tmp_path).lasts


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"channels": 5, "stopped": []}', "[" * 9999]
)
def test_a_damaged_file_is_told_and_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with capture_logs() as log:
        assert Kept(tmp_path).load() == ({}, set())
    assert [line["code"] for line in log] == ["API_CHANNELS"]


def test_what_cannot_be_used_stays_in_the_file(tmp_path: Path) -> None:
    said = {"channels": {"news": {"colour": "red"}, "sport": {}}, "stopped": []}
    (tmp_path / NAME).write_text(json.dumps(said))
    kept = Kept(tmp_path)
    with capture_logs() as log:
        found, _ = kept.load()
    assert [*found] == ["sport"]
    assert "news" in log[0]["event"]
    kept.save({"third": ChannelTable()}, ())
    assert json.loads((tmp_path / NAME).read_text())["channels"] == {
        "news": {"colour": "red"},
        "third": {},
    }
