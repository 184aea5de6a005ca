"""The way into the store of what has been decided: nothing is forgotten before it is safe.

What the store refuses (its disk is full, say) stays here and is put again with the next thing that
is due. So does an offer that came with a sender's fragment, though the sender is told that it is
not safe: it sends its last two fragments again, but a copy may be made of more. Of one copy one is
kept, and all together are bounded in bytes. The timeline is asked before each put, and the verdict
on each copy is told to `note`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from relay.clock import Clock
from relay.errors import StoreUnavailable
from relay.gathering import Offer
from relay.media import Buffer, Copy, Gap, Member, Pin, Verdict
from relay.outcome import Outcome
from relay.store import Store
from relay.view import View

MOST_KEPT = 64 << 20
"""Bytes of offers that the store refused; what comes beyond that is its sender's to send again."""


class Carriage:
    """What one channel has under way."""

    def __init__(
        self, store: Store, view: View, clock: Clock, note: Callable[[Copy, Verdict], None]
    ) -> None:
        self._store = store
        self._view = view
        self._clock = clock
        self._note = note
        self._pins: dict[str, Pin] = {}
        self._timed: deque[Offer | Gap] = deque()
        self._kept: dict[tuple[str, int, int, int, bool], Offer] = {}

    @property
    def waiting(self) -> bool:
        """Something was refused and is to be put again."""
        return bool(self._pins or self._timed or self._kept)

    def pin(self, pin: Pin) -> None:
        """A pin to be put with what is carried next."""
        self._pins[pin.name] = pin

    async def carry(self, outcome: Outcome, *, keep: bool = True) -> None:
        """Put what came forth. Raises StoreUnavailable: what is left is not safe. It is put again
        when `carry_due` is called; or, if it is not to be kept, left in `outcome`."""
        for pin in outcome.pins:
            self.pin(pin)
        try:
            await self._put_pins()
            while outcome.offers:
                await self._offer(outcome.offers[0])
                del outcome.offers[0]
        except StoreUnavailable:
            if keep:
                self._keep(outcome.offers)
            raise

    async def carry_due(self, outcome: Outcome) -> None:
        """Put what time has brought, here and in the view. Raises StoreUnavailable."""
        for pin in outcome.pins:
            self.pin(pin)
        if self._timed:
            self._keep(outcome.offers)
        else:
            offers = sorted([*self._kept.values(), *outcome.offers], key=_partial)
            self._kept.clear()
            wanted = (self._wanted(offer) for offer in offers)
            self._timed.extend(offer for offer in wanted if offer is not None)
        if not self._timed:
            self._timed.extend(self._view.due(self._clock.now()))
        await self._put_pins()
        while self._timed:
            member = self._timed[0]
            if isinstance(member, Gap):
                await self._put(replace(member, arrival=self._clock.utc()))
            else:
                await self._put_copy(member)
            self._timed.popleft()

    def _keep(self, offers: Iterable[Offer]) -> None:
        size = sum(kept.copy.size for kept in self._kept.values())
        for offer in offers:
            copy = offer.copy
            key = copy.track, copy.run, copy.index, copy.time, copy.partial
            if key not in self._kept and size + copy.size <= MOST_KEPT:
                self._kept[key] = offer
                size += copy.size

    async def _offer(self, offer: Offer) -> None:
        wanted = self._wanted(offer)
        if wanted is not None:
            await self._put_copy(wanted)

    def _wanted(self, offer: Offer) -> Offer | None:
        """The offer as it is to be put, if it is."""
        verdict = self._view.offer(offer, self._clock.now())
        if verdict is Verdict.FILL:
            return replace(offer, copy=replace(offer.copy, fill=True))
        if verdict is not Verdict.ACCEPTED:
            self._note(offer.copy, verdict)
        return offer if verdict is Verdict.ACCEPTED else None

    async def _put_copy(self, offer: Offer) -> None:
        first = await self._put(offer.copy, offer.data)
        verdict = Verdict.PARTIAL if offer.copy.partial else Verdict.ACCEPTED
        verdict = Verdict.FILL if offer.copy.fill else verdict
        self._note(offer.copy, verdict if first else Verdict.DUPLICATE)

    async def _put_pins(self) -> None:
        for pin in list(self._pins.values()):
            await self._put(pin)
            self._pins.pop(pin.name, None)

    async def _put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        try:
            return await self._store.put(member, data)
        except OSError as error:
            raise StoreUnavailable(
                f"The store refuses: {error.strerror or error}.", hint="Look at the relay's disk."
            ) from error


def _partial(offer: Offer) -> bool:
    return offer.copy.partial
