"""The invariants of every run, I1 to I10, checked from the ledger, the witness and the process.

    I1  nothing lost      what any leg has delivered whole is published, from the first published on
    I2  nothing twice     one segment an index, one index a time
    I3  order             times rise with indexes
    I4  contiguous        indexes rise by one; nothing that was published ever changes (witness)
    I5  one source        a segment is, sample for sample, what one leg sent for its index
    I7  no break          without a reason: as many discontinuities as the run is told of; a gap
                          only where nobody had delivered
    I8  players           every track decodes without a complaint; edges are a fragment apart
    I9  no fault          no 5xx, no traceback, nothing that asyncio complains of in the log
    I10 no leak           memory, file descriptors and tasks are back where they were (`Footprint`)

I6 (what goes upstream) is for those who forward. Each check returns sentences; none is good.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from relay.heap import KEPT
from tests.e2e import served
from tests.e2e.decoder import decoded
from tests.faults.ledger import Ledger, meaning
from tests.faults.witness import Rendition, Witness, newest

GROWTH = KEPT + (24 << 20)
"""Bytes by which the relay's memory may grow in a run: what is stored is indexed in memory, and
what was freed stays with the process."""
DESCRIPTORS = TASKS = 2
TOLD = re.compile(r"^relay_event_loop_tasks (\d+)", re.MULTILINE)
FORBIDDEN = re.compile(r"Traceback|never retrieved|was destroyed|never awaited|Unclosed")


def published(
    ledger: Ledger, witness: Witness, *, breaks: int = 0, forgiven: Collection[int] = ()
) -> list[str]:
    """I1 to I5 and I7. `breaks`: discontinuities that there is a reason for, in each track.

    `forgiven`: indexes that may be gaps although they were delivered: too late, and counted.
    """
    broken = list(witness.complaints)
    if set(witness.tracks) != ledger.tracks():
        broken.append(f"I1: tracks {set(witness.tracks)} instead of {ledger.tracks()}")
    for name, track in witness.tracks.items():
        broken += [f"{name}: {text}" for text in _track(ledger, name, track, forgiven)]
        found = sum(listed.broken for listed in track.listed.values())
        if found != breaks:
            broken.append(f"I7: {name}: {found} discontinuities instead of {breaks}")
    return broken


def _track(ledger: Ledger, name: str, track: Rendition, forgiven: Collection[int]) -> list[str]:
    if not track.listed:
        return ["I1: nothing was published"]
    broken = []
    indexes = sorted(track.listed)
    missing = sorted(set(range(indexes[0], indexes[-1] + 1)) - set(indexes))
    if missing:
        broken.append(f"I4: missing numbers: {spans(missing)}")
    sent = ledger.of(name)
    lost = sorted((track.gaps & sent.keys()) - set(forgiven))
    if lost:
        legs = sorted({one.leg for index in lost for one in sent[index]})
        broken.append(f"I1: delivered by {legs} and yet a gap: {spans(lost)}")
    times: list[tuple[int, int]] = []
    strange: dict[str, list[int]] = {}
    for index in sorted(track.bodies):
        found = [meaning(moof) for moof in track.fragments(index)]
        if len(found) != 1:
            strange.setdefault("I2: not one fragment", []).append(index)
            continue
        times.append((found[0][0], index))
        if index not in sent:
            strange.setdefault("I5: published, and nobody has sent it", []).append(index)
        elif found[0] not in [one.meaning for one in sent[index]]:
            strange.setdefault("I5: not what anybody sent", []).append(index)
    for (early, _), (late, second) in pairwise(times):
        if late <= early:
            strange.setdefault("I3: does not begin after the one before", []).append(second)
    return broken + [f"{what}: {spans(indexes)}" for what, indexes in strange.items()]


def spans(indexes: Collection[int]) -> str:
    """Numbers as people read them: `7, 9-12`."""
    found: list[list[int]] = []
    for index in sorted(indexes):
        if found and index == found[-1][1] + 1:
            found[-1][1] = index
        else:
            found.append([index, index])
    return ", ".join(f"{a}-{b}" if a < b else str(a) for a, b in found)


def edges(ledger: Ledger, witness: Witness) -> list[str]:
    """I8: no track ends more than one fragment before what was delivered of every track."""
    delivered = {name: max(ledger.of(name)) for name in witness.tracks if ledger.of(name)}
    common = min(delivered.values())
    return [
        f"I8: {name} ends at {newest(track)}, and all tracks were delivered up to {common}"
        for name, track in witness.tracks.items()
        if newest(track) < common - 1
    ]


def decodable(witness: Witness, ffmpeg: str, folder: Path) -> list[str]:
    """I8: ffmpeg decodes each track, gaps left out, without a word."""
    broken = []
    for name, track in witness.tracks.items():
        for at, init in enumerate(track.inits.values()):
            media = folder / f"{name}-{at}.mp4"
            media.write_bytes(init + b"".join(track.bodies[n] for n in sorted(track.bodies)))
            try:
                if not decoded(ffmpeg, media):
                    broken.append(f"I8: {name} has no picture and no sound")
            except AssertionError as error:
                broken.append(f"I8: {name}: {str(error)[:300]}")
            finally:
                media.unlink()
    return broken


def quiet(log: str, allowed: Collection[str] = ()) -> list[str]:
    """I9: what a relay's log must not say. `allowed`: codes of refusals with a 5xx."""
    broken = [f"I9: {line[:300]}" for line in log.splitlines() if FORBIDDEN.search(line)]
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, Mapping) and said.get("code") not in allowed:
            grave = said.get("level") in ("error", "critical")
            if grave or int(said.get("status") or 0) >= 500:
                broken.append(f"I9: {line[:300]}")
    return broken


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process holds now: bytes of memory, open files; of a relay, asyncio's tasks, too."""

    memory: int
    files: int
    tasks: int = 0

    @classmethod
    def of(cls, pid: int, admin_url: str = "") -> "Footprint":
        """`admin_url`: where a relay tells of its tasks."""
        tasks = 0
        if admin_url:
            told = TOLD.search(served.fetch(f"{admin_url}/metrics").decode())
            assert told is not None
            tasks = int(told[1])
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(found[1]) * 1024, files, tasks)

    def leaks(self, after: "Footprint") -> list[str]:
        """I10: sentences on what has grown since."""
        broken = []
        if after.files > self.files + DESCRIPTORS:
            broken.append(f"I10: {self.files} open files became {after.files}")
        if after.tasks > self.tasks + TASKS:
            broken.append(f"I10: {self.tasks} tasks became {after.tasks}")
        if after.memory > self.memory + GROWTH:
            broken.append(f"I10: {self.memory >> 20} MB became {after.memory >> 20} MB")
        return broken
