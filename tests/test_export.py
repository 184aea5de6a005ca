"""`relay export`: one file with every frame of a program, while the channel goes on."""

from pathlib import Path

import imageio_ffmpeg
import pytest

from relay.errors import OperatorError
from relay.export import chosen, listed
from relay.media import Fragment
from relay.mp4.recording import read
from tests.door import AV, request, told
from tests.e2e.decoder import decoded
from tests.monitor.test_command import typed
from tests.mp4 import recorded
from tests.operating import PLAIN, get, opened, order
from tests.server.wire import chunk, connected, eventually

LAST = b"0\r\n\r\n"
MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="hi",URI="hi/index.m3u8",NAME="a, b"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="lo",URI="lo/index.m3u8",NAME="a"
#EXT-X-STREAM-INF:BANDWIDTH=500000,AUDIO="lo"
small/index.m3u8
#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=900000,AUDIO="hi"
large/index.m3u8
"""


def test_chosen_is_the_best_variant_with_its_audios() -> None:
    assert chosen(MASTER) == ["large/index.m3u8", "hi/index.m3u8"]
    assert chosen("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nonly/index.m3u8\n") == [
        "only/index.m3u8"
    ]
    with pytest.raises(OperatorError, match="nothing to export"):
        chosen("#EXTM3U\n")


def test_a_hole_is_left_out_and_a_change_of_settings_is_refused() -> None:
    text = (
        '#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4"\n#EXTINF:2.0,\n5.m4s\n'
        "#EXT-X-GAP\n#EXTINF:2.0,\n6.m4s\n#EXTINF:2.0,\n7.m4s\n#EXT-X-ENDLIST\n"
    )
    found = listed("http://r/n.isml/v/index.m3u8", lambda _: text.encode())
    assert found.init == "http://r/n.isml/v/init-1.mp4"
    assert found.media == (
        (5, "http://r/n.isml/v/5.m4s"),
        (7, "http://r/n.isml/v/7.m4s"),
    )
    changed = text.replace("#EXT-X-GAP", '#EXT-X-MAP:URI="init-2.mp4"')
    with pytest.raises(OperatorError, match="changed on the way"):
        listed("http://r/n.isml/v/index.m3u8", lambda _: changed.encode())


async def test_a_program_of_two_tracks_has_every_frame_once_and_in_step(tmp_path: Path) -> None:
    body = recorded.body(AV)
    sent: dict[str, int] = {}
    starts: dict[str, int] = {}
    for found in told("main", body):
        if isinstance(found, Fragment):
            kind = found.track.key.kind.value
            sent[kind] = sent.get(kind, 0) + found.sample_count
            starts.setdefault(kind, found.time)
    async with opened({"news": PLAIN}) as house:
        channel = house.channels["news"]
        at = "/api/v1/channels/news/programs/all"
        assert (await order(house, at, {}, method="PUT"))[0] == 201
        status, told_ = await order(house, f"{at}/export", {}, method="GET")
        assert (status, told_["code"]) == (409, "CONTROL_STATE")
        async with connected(house.addresses[0]) as client:
            await client.send(request() + chunk(body) + LAST)
            assert (await client.answer()).status == 200
        program = house.programs.shown["news.all"]

        def whole() -> bool:
            return channel.presentation.renditions != () and [
                len(r.segments) for r in program.presentation.renditions
            ] == [len(r.segments) for r in channel.presentation.renditions]

        assert await eventually(whole)
        status, told_ = await order(house, f"{at}/stop", {})
        assert (status, told_["state"]) == (200, "ended")
        host, port = house.addresses[0]
        url, file = f"http://{host}:{port}/news.all.isml", tmp_path / "all.mp4"
        code, said = await typed("export", url, str(file))
        assert (code, said) == (0, f"{file}: {file.stat().st_size} bytes\n")
        for _ in range(4):  # more than may be under way at a time: each ends
            answer = await get(house, f"{at}/export", admin=True)
            assert (answer.fields["content-type"], answer.body) == ("video/mp4", file.read_bytes())
        code, said = await typed("export", url, str(file))
        assert (code, "--force" in said) == (1, True)
        code, said = await typed("export", url + "x", str(tmp_path / "no.mp4"))
        assert (code, "answers 404" in said) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["all.mp4"]
    assert decoded(imageio_ffmpeg.get_ffmpeg_exe(), file) == sum(sent.values())
    tracks = {track.movie.handler: track for track in read(file.read_bytes()).tracks}
    assert {kind: track.samples.count for kind, track in tracks.items()} == {
        "vide": sent["video"],
        "soun": sent["audio"],
    }
    assert min(track.times[0] for track in tracks.values()) >= 0
    begin = {kind: track.times[0] / track.movie.timescale for kind, track in tracks.items()}
    ticks = starts["video"] - starts["audio"]
    assert begin["vide"] - begin["soun"] == pytest.approx(ticks / 10_000_000, abs=1e-6)
    assert begin["soun"] < 2
