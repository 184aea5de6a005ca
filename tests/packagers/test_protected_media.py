"""Encrypted media of a real encoder comes out so that whoever has the key sees every frame.

ffmpeg encrypts (Common Encryption, `cenc`); the same in PIFF 1.1, as Smooth encoders write it, is
made of that by renaming boxes, since a sample is the same in both.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

from packagers.cmaf import init, segment
from relay.ingest.smooth import Session
from relay.media import Fragment, Header, Protection, Track
from relay.mp4.reader import BoxReader
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, PIFF_SENC, PIFF_TENC
from relay.mp4.walk import Budget, children
from tests.mp4.recorded import box

FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())
KEY, KEY_ID = "76a6c65c5ea762046bd749a2e632ccbb", "a7e61c373e219033c21091fa607bf3b8"
SMIL = b"<smil><body><switch><video systemBitrate='9'><param name='trackID' value='1'/></video>"
SMIL += b"<audio systemBitrate='5'><param name='trackID' value='2'/></audio></switch></body></smil>"
HEADS = {"moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0, "stsd": 8, "encv": 78, "enca": 28}
HEADS |= {"sinf": 0, "schi": 0, "moof": 0, "traf": 0}


def rebuilt(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """All boxes anew; `change` gives another box for (type, payload), None to keep it."""
    parts = []
    for atom in children(data, 0, len(data), Budget(10_000)):
        payload = data[atom.body : atom.end]
        head = HEADS.get(atom.type)
        if head is not None:
            parts.append(box(atom.type, payload[:head], rebuilt(payload[head:], change)))
        else:
            made = change(atom.type, payload)
            parts.append(data[atom.start : atom.end] if made is None else made)
    return b"".join(parts)


def isml(kind: str, payload: bytes) -> bytes | None:
    """The live server manifest behind ftyp."""
    if kind != "ftyp":
        return None
    return box("ftyp", payload) + box("uuid", LIVE_SERVER_MANIFEST, bytes(4), SMIL)


def piff(kind: str, payload: bytes) -> bytes | None:
    if kind == "schm":
        return box("schm", payload[:4], b"piff", payload[8:])
    if kind == "tenc":  # AlgorithmID 1 (AES-CTR), IV_size, KID
        return box("uuid", PIFF_TENC, bytes(4), b"\0\0\1", payload[7:8], payload[8:24])
    if kind == "senc":
        return box("uuid", PIFF_SENC, payload)
    return b"" if kind in ("saiz", "saio") else isml(kind, payload)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("encrypted") / "cenc.mp4"
    command = [FFMPEG, "-nostdin", "-loglevel", "error"]
    command += ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-f", "lavfi", "-i", "sine=r=48000"]
    command += ["-t", "4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac"]
    command += ["-f", "mp4", "-movflags", "cmaf+frag_keyframe+separate_moof+frag_discont"]
    command += ["-encryption_scheme", "cenc-aes-ctr"]
    command += ["-encryption_key", KEY, "-encryption_kid", KEY_ID, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target.read_bytes()


def packaged(data: bytes) -> dict[Track, tuple[bytes, int]]:
    """What is served of each track, in one piece, and how many samples that has."""
    session = Session("main")
    events = [event for box in BoxReader().feed(data) for event in session.take(box)]
    (header,) = (event for event in events if isinstance(event, Header))
    found = {}
    for told in header.tracks:
        own = [e for e in events if isinstance(e, Fragment) and e.track == told.track]
        parts = [init(told.track)]
        for index, each in enumerate(own):
            parts += map(bytes, segment(told.track, b"".join(each.data), index, 1))
        found[told.track] = b"".join(parts), sum(each.sample_count for each in own)
    return found


def decoded(path: Path, *options: str) -> tuple[int, str]:
    command = [FFMPEG, "-nostdin", "-v", "error", "-xerror", *options, "-i", str(path)]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-f", "framecrc", "-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    frames = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    return len(frames), done.stderr


@pytest.mark.parametrize("kind", [isml, piff], ids=["cenc", "piff"])
def test_whoever_has_the_key_sees_every_frame(
    encrypted: bytes, kind: Callable[[str, bytes], bytes | None], tmp_path: Path
) -> None:
    served = packaged(rebuilt(encrypted, kind))
    assert len(served) == 2
    for track, (media, samples) in served.items():
        assert track.protection == Protection("cenc", bytes.fromhex(KEY_ID))
        path = tmp_path / f"{track.name}.mp4"
        path.write_bytes(media)
        assert decoded(path, "-decryption_key", KEY) == (samples, "")
        assert samples > 90
        count, complaint = decoded(path)
        assert complaint or count < samples, "it was in the clear"


def test_both_ways_to_say_it_give_the_same_header(encrypted: bytes) -> None:
    plain, smooth = (packaged(rebuilt(encrypted, kind)) for kind in (isml, piff))
    assert [init(track) for track in plain] == [init(track) for track in smooth]
