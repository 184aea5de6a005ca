"""Fuzz every target, one after the other: `python -m tests.fuzz --seconds 60 [TARGET ..]`.

What is found is kept: an input that breaks a target goes to `regressions/{target}/`, where the
ordinary tests run it for ever; what only reaches new code goes to `build/corpus/{target}/`, from
which the next run goes on. The exit code is 1 when anything was found.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.fuzz.table import TARGETS

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "build" / "corpus"
REGRESSIONS = HERE / "regressions"
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"cov: (\d+) ")
_MEGABYTES = 1024


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one target."""

    runs: int
    covered: int
    broken: list[Path]


def hunt(name: str, seconds: int, folder: Path, log: Path) -> Found:
    """Fuzz one target for so long."""
    target = TARGETS[name]
    corpus, finds = folder / name, REGRESSIONS / name
    corpus.mkdir(parents=True, exist_ok=True)
    finds.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = folder / f"{name}.dict"  # libFuzzer wants a word in it
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words or (b"\0",)))
    before = set(finds.iterdir())
    command = [sys.executable, "-m", "tests.fuzz.hunt", name, str(corpus), f"-dict={words}"]
    command += [f"-max_total_time={seconds}", f"-artifact_prefix={finds}/", "-timeout=20"]
    command += [f"-rss_limit_mb={_MEGABYTES}", "-print_final_stats=1"]
    with log.open("w") as out:
        subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)
    said = log.read_text(errors="replace")
    runs, covered = _RUNS.findall(said), _COVERED.findall(said)
    broken = sorted(set(finds.iterdir()) - before)
    if not any(finds.iterdir()):
        finds.rmdir()
    return Found(int(runs[-1]) if runs else 0, int(covered[-1]) if covered else 0, broken)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02X}" for byte in word)


def main() -> int:
    """Fuzz what was asked for, and tell."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("targets", nargs="*", help=f"some of {', '.join(TARGETS)}; none: all")
    asked.add_argument("--seconds", type=int, default=60, help="for each target")
    asked.add_argument("--corpus", type=Path, default=CORPUS, help="where the inputs are kept")
    said = asked.parse_args()
    unknown = [name for name in said.targets if name not in TARGETS]
    if unknown:
        asked.error(f"there is no target {unknown[0]}; there are {', '.join(TARGETS)}")
    total = broken = 0
    for name in said.targets or TARGETS:
        said.corpus.mkdir(parents=True, exist_ok=True)
        log = said.corpus / f"{name}.log"
        found = hunt(name, said.seconds, said.corpus, log)
        total, broken = total + found.runs, broken + len(found.broken)
        print(f"{name:12} {found.runs:>10} inputs {found.covered:>6} edges", flush=True)
        if not found.runs:
            broken += 1
            print(f"  it ended too soon; see {log}")
        for path in found.broken:
            print(f"  broken by {path}; see {log}")
    print(f"fuzz: {total} inputs, {broken} broke something")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
