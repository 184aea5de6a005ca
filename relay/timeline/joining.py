"""Half copies of one index, put together where they join; and the order of those that compete.

When every source of an index died or began in the middle of it, none has a whole copy, but
together they may: one has its beginning, another its end. Pieces are combined only where one ends
within half a frame of where the next begins, since frames cut from two encoders elsewhere would
play twice or not at all. What does not join that way stays apart; the best single copy counts.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from relay.gathering import Offer, join
from relay.media import Fragment


def together(offers: Sequence[Offer], begins: int | None) -> list[Offer]:
    """Offers of one track in the order in which they are to be put, the best of each index first.

    begins   where the next copy should begin, in ticks, if that is known

    Before the copies of an index comes what their pieces make together, if that is more.
    """
    ordered = sorted(offers, key=_rank)
    combined: list[Offer] = []
    for _, several in groupby(sorted(ordered, key=_index), key=_index):
        made = _combined(list(several), begins)
        combined += [made] if made is not None else []
    return sorted([*combined, *ordered], key=_rank)


def better(one: Offer, other: Offer) -> bool:
    """`one` goes before `other`, of the same index: whole before half, real before slate."""
    return _rank(one) < _rank(other)


def _combined(offers: list[Offer], begins: int | None) -> Offer | None:
    """The chain of pieces that covers more than any of these copies does; None if none does."""
    runs = {offer.copy.run for offer in offers}
    if len({offer.copy.source for offer in offers}) < 2 or len(runs) > 1:
        return None
    if any(not offer.copy.partial and _begun(offer, begins) for offer in offers):
        return None  # a whole copy that joins needs no help
    pieces = sorted(
        ((fragment, offer) for offer in offers if not offer.slate for fragment in offer.fragments),
        key=lambda piece: (piece[0].time, -piece[0].duration),
    )
    chain: list[tuple[Fragment, Offer]] = []
    for fragment, offer in pieces:
        end = chain[-1][0].end if chain else begins
        if end is None or abs(fragment.time - end) <= fragment.half_frame:
            chain.append((fragment, offer))
    if not chain:
        return None
    length = chain[-1][0].end - chain[0][0].time
    whose = list(dict.fromkeys(offer.copy.source for _, offer in chain))
    if len(whose) < 2 or length <= max(offer.copy.duration for offer in offers):
        return None
    last = max(offers, key=lambda offer: offer.copy.end).copy
    copy = replace(
        chain[0][1].copy,
        source="+".join(whose)[:64],
        arrival=max(offer.copy.arrival for _, offer in chain),
        partial=last.partial or chain[-1][0].end < last.end,
    )
    return join(copy, [fragment for fragment, _ in chain])


def _begun(offer: Offer, begins: int | None) -> bool:
    return begins is None or abs(offer.copy.time - begins) <= offer.copy.half_frame


def _rank(offer: Offer) -> tuple[int, bool, bool, int]:
    """Whole before half, real before slate; then the longer one."""
    copy = offer.copy
    return copy.index, copy.partial, offer.slate, 0 if not copy.partial else -copy.duration


def _index(offer: Offer) -> int:
    return offer.copy.index
