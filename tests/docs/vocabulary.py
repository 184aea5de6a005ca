"""The code words of the house, read from its source: answers, log lines, events, alarms.

A code word is a string constant in capitals in one of the places that give one: `code = ...`,
`code=...`, the first argument of what tells, raises or refuses, the keys of tables of sentences. A
few are put together from a word and a value; those are listed with the values that they take.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from relay.diagnosis.heartbeat import Word
from relay.diagnosis.tally import BEHIND, DIFFERS, WELL
from relay.errors import RelayError
from relay.media import Verdict
from relay.uplink.attempt import State

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[A-Z]{2,}(_[A-Z0-9]+)*")
TELLERS = frozenset(
    ("tell", "note", "stand", "over", "only", "_bound", "Alarm", "Bulletin", "Joined", "Key")
)
_NO_CODES = frozenset(
    (
        "LC_ALL",
        "MEDIA_TYPE",
        "NOTIFY_SOCKET",
        "TCP_KEEPIDLE",
        "TCP_KEEPINTVL",
        "TCP_NOTSENT_LOWAT",
        "TCP_USER_TIMEOUT",
        "WATCHDOG_USEC",
        "XDG_CACHE_HOME",
    )
)
"""Constants of the same shape that are other things."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Every file of the house."""
    for package in ("relay", "packagers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


@cache
def codes() -> frozenset[str]:
    """Every code word that the house can utter."""
    found: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            found |= {word for word in _constants(node) if CODE.fullmatch(word)}
    roots = {each.code for each in family(RelayError) if each.__subclasses__()}
    return frozenset((found | _composed()) - _NO_CODES - roots)


def silent() -> list[str]:
    """Lines of the log that have no code word: file and line."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("info", "warning", "error", "critical", "exception")
        and ast.unparse(node.func.value) in ("log", "bound", "self._log")
        and "code" not in {keyword.arg for keyword in node.keywords}
    ]


def _constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
        yield node.value
    if (
        isinstance(node, ast.keyword)
        and node.arg == "code"
        and isinstance(node.value, ast.Constant)
    ):
        yield str(node.value.value)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in TELLERS:
            for each in node.args[:2]:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value
    if isinstance(node, ast.Dict):
        words = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if "NEAR_DUPLICATE_TRACK" in words:
            yield from map(str, words)


def _composed() -> set[str]:
    states = [WELL, DIFFERS, BEHIND, *Verdict]
    unsaid = (Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.HELD)
    coarse = (
        State.STREAMING,
        State.CATCHING_UP,
        State.RETRYING,
        State.REFUSED,
        State.PAUSED,
        State.STANDBY,
    )
    return {
        *(f"SOURCE_{word.upper()}" for word in Word),
        *(f"SOURCE_{state.upper()}" for state in states if state not in unsaid),
        *(f"UPSTREAM_{state.upper()}" for state in coarse),
        *(f"CHANNEL_{word}" for word in ("PROTECTED", "EXPOSED", "DOWN")),
    }


def family(root: type[RelayError]) -> list[type[RelayError]]:
    return [root, *(child for direct in root.__subclasses__() for child in family(direct))]
