"""What the page shows of one source: whether it lives, what became of its copies, how late they
are, and how it came and left. Plain values, without null: what is not known is absent."""

from typing import Any

from relay.diagnosis import Diagnosis
from relay.diagnosis.visits import Visitor
from relay.media import Verdict

_NOBODY = Visitor()
REFUSED, CONNECTED = "refused", "connected"
"""States besides those of the tally: of a source that has delivered nothing yet."""


def senders(diagnosis: Diagnosis) -> list[str]:
    """All that are known, sorted: of copies, or of a visit that brought none."""
    return sorted({*diagnosis.tally.sources(), *diagnosis.visits.visitors})


def sender(source: str, diagnosis: Diagnosis, since: int, posts: int) -> dict[str, Any]:
    """A source. `since`: ms, whose newest copy came before is not alive; `posts`: open ones.

    last      arrival of its newest copy, or when it left, ms since 1970
    lateness  of the track that is latest, drift of the track that is furthest off: ms
    gaps      indexes that it left out;  visits, reason, left: see `diagnosis.visits`
    """
    tally = diagnosis.tally
    visitor = diagnosis.visits.visitors.get(source, _NOBODY)
    verdicts = dict.fromkeys(Verdict, 0)
    for (name, _, verdict), count in tally.counts.items():
        if name == source:
            verdicts[verdict] += count
    last = max((at for (name, _), at in tally.last.items() if name == source), default=0)
    facts: dict[str, Any] = {
        "last": last or visitor.left,
        "alive": 0 < last >= since,
        "state": tally.state(source) if last else REFUSED if visitor.refused else CONNECTED,
        "words": ", ".join(word.replace("_", " ") for word in diagnosis.words_of(source)),
        "won": verdicts[Verdict.ACCEPTED] + verdicts[Verdict.PARTIAL],
        "duplicate": verdicts[Verdict.DUPLICATE],
        "late": verdicts[Verdict.LATE],
        "suspect": verdicts[Verdict.SUSPECT],
        "differs": sum(n for (name, _), n in tally.differing.items() if name == source),
        "posts": posts,
        "visits": visitor.posts,
        "reason": visitor.reason,
        "left": visitor.left,
        "gaps": 0,
        "cells": {},
    }
    return facts | _measured(source, diagnosis, since)


def _measured(source: str, diagnosis: Diagnosis, since: int) -> dict[str, int]:
    known = [s for (name, _), s in diagnosis.synchrony.standings.items() if name == source]
    alive = [standing for standing in known if standing.last >= since]
    found = {"gaps": sum(standing.gaps for standing in known)}
    late = [standing.lateness for standing in alive if standing.lateness is not None]
    off = [standing.drift for standing in alive if standing.drift is not None]
    if late:
        found["lateness"] = max(late)
    if off:
        found["drift"] = max(off, key=abs)
    return found
