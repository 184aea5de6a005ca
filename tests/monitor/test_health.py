"""What the operator's door says."""

import json
from dataclasses import replace
from typing import Any

from relay.diagnosis.heartbeat import Word
from relay.media import Verdict
from relay.monitor.health import described
from tests.door import AV, LEARNING, PATH, RULES, TRACK, Door, header, opened, shown, video
from tests.mp4 import recorded
from tests.server.wire import connected


async def get(door: Door, path: str) -> tuple[int, Any]:
    async with connected(door.admin) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = await client.answer()
        assert answer.fields["content-type"] == "application/json"
        return answer.status, json.loads(answer.body)


async def test_live_whatever_happens_ready_when_the_doors_are_open() -> None:
    state = [False]
    async with opened(ready=lambda: state[0]) as door:
        assert await get(door, "/livez") == (200, {"status": "live"})
        assert await get(door, "/readyz") == (503, {"status": "not ready"})
        state[0] = True
        assert await get(door, "/readyz") == (200, {"status": "ready"})
        assert await get(door, "/livez") == (200, {"status": "live"})


async def test_the_status_of_a_relay_without_encoders() -> None:
    async with opened(rules=LEARNING) as door:
        status, said = await get(door, "/api/v1/status")
        assert status == 200
        assert said == {
            "posts": 0,
            "rejected": {},
            "channels": {
                "news": {
                    "degraded": "",
                    "fragment_duration": None,
                    "epoch_locked": True,
                    "local_timeline": False,
                    "preferred": None,
                    "alone": False,
                    "unlike": "",
                    "protection": "DOWN",
                    "tracks": [],
                    "sources": {},
                    "warnings": [],
                    "upstreams": {},
                }
            },
        }


async def test_the_status_names_tracks_and_what_became_of_copies() -> None:
    body = header() + b"".join(video(index) for index in range(3))
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", body)
        await door.push(f"{PATH}?source=enc_b", body + video(3))
        await door.push("/nobody.isml/Streams(x)", b"")
        await shown(door.channel, range(4))
        _, said = await get(door, "/api/v1/status")
        assert (said["posts"], said["rejected"]) == (0, {"INGEST_POINT_UNKNOWN": 1})
        news = said["channels"]["news"]
        assert news["fragment_duration"] == "2"
        assert news["local_timeline"] is True
        assert news["tracks"] == [
            {
                "name": TRACK,
                "codecs": "avc1.64000C",
                "bandwidth": 150_000,
                "first": 0,
                "last": 3,
                "gaps": 0,
            }
        ]
        assert news["protection"] == "PROTECTED"
        assert (news["warnings"], set(news["sources"])) == ([], {"enc_a", "enc_b"})
        now = door.clock.utc()
        offset = news["sources"]["enc_b"].pop("clock_offset_ms")
        tracks = news["sources"]["enc_b"].pop("tracks")
        assert news["sources"]["enc_b"] == {"alive": True, "state": "well", "healthy": True}
        assert tracks == {
            TRACK: {
                "healthy": True,
                "state": "well",
                "words": [],
                **{str(v): 0 for v in Verdict if v is not Verdict.ACCEPTED},
                "won": 1,
                "duplicate": 3,
                "differs": 0,
                "gap": 0,
                **dict.fromkeys(map(str, Word), 0),
                "resent": 0,
                "bitrate": None,
                "drift_ms": 0,
                "clock_offset_ms": offset,
                "last": now,
            }
        }


async def test_a_learnt_duration_is_shown_exactly() -> None:
    async with opened(rules=LEARNING) as door:
        await door.push(PATH, recorded.body("ff9-2997/req001.body"))
        await shown(door.channel, range(6), "video-200000")
        assert described(door.channel, door.clock.utc())["fragment_duration"] == "1001/500"


async def test_a_track_that_is_announced_and_has_not_come_is_named_without_indexes() -> None:
    async with opened() as door:
        await door.push(PATH, header(AV))
        _, said = await get(door, "/api/v1/status")
        tracks = said["channels"]["news"]["tracks"]
        assert [(t["name"], t["first"], t["last"]) for t in tracks] == [
            ("video-200000", None, None),
            ("audio-64000", None, None),
        ]


async def test_gaps_are_counted_by_track() -> None:
    async with opened(rules=replace(RULES, patience=1)) as door:
        await door.push(PATH, header() + video(0) + video(3))
        door.clock.at += 100
        await shown(door.channel, [0, ~1, ~2, 3])
        (track,) = described(door.channel, door.clock.utc())["tracks"]
        assert track["gaps"] == 2
