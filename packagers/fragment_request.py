"""The URL of a Smooth Streaming fragment ([MS-SSTR] 2.2.3): what stands behind `{name}.isml/`.

    QualityLevels(2000000)/Fragments(video=17950000000000000)

Bit rate, name of the stream and start time tell a fragment. In ABNF quoted strings match in any
case (RFC 5234 2.3), so the nouns do here. Custom attributes behind the bit rate are accepted and
not needed: the bit rates of a stream are told apart (`packagers.smooth.streams`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Noun(StrEnum):
    """The kinds of response (2.2.3). KeyFrames, for trick play, has no source here."""

    FRAGMENT = "Fragments"
    METADATA = "FragmentInfo"
    DATA = "RawFragments"


_NOUNS = {noun.value.lower(): noun for noun in Noun}
_LEVEL = re.compile(
    r"qualitylevels\((?P<bitrate>0|[1-9][0-9]{0,9})(,[A-Za-z0-9_.~-]+=[A-Za-z0-9_.~-]+){0,8}\)",
    re.IGNORECASE | re.ASCII,
)
_FRAGMENT = re.compile(
    r"(?P<noun>[a-z]+)\((?P<stream>[a-z][a-z0-9_-]{0,254})=(?P<time>0|[1-9][0-9]{0,19})\)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class FragmentRequest:
    """A fragment by bit rate, name of its stream, and start time in ticks of the stream."""

    noun: Noun
    bitrate: int
    stream: str
    time: int

    @property
    def path(self) -> str:
        """As the standard writes it."""
        return f"QualityLevels({self.bitrate})/{self.noun.value}({self.stream}={self.time})"


def read(level: str, fragment: str) -> FragmentRequest | None:
    """Read the two segments of a path; None when they are something else."""
    first, second = _LEVEL.fullmatch(level), _FRAGMENT.fullmatch(fragment)
    if first is None or second is None:
        return None
    noun = _NOUNS.get(second["noun"].lower())
    time = int(second["time"])
    if noun is None or time >= 2**64:
        return None
    return FragmentRequest(noun, int(first["bitrate"]), second["stream"], time)
