"""Which of several relays sends to an upstream: the decisions of one of them. Pure.

The brokers hold a claim for each upstream: whose it is, and how far it has come. A claim is changed
only upon the revision that its writer has seen, so of two that take it one is refused.

    holds       it has written the claim, and writes it anew at every look: that is its sign of life
    stands by   another one's claim moves. Once it has not for `LENGTH`, it is taken
    alone       the brokers have not answered for `patience`: it sends, since a receiver takes a
                fragment once, and one that is sent twice costs less than one that is not sent

No two clocks are compared: a claim is old when *this* relay has seen the same revision for so long,
and the brokers have answered every look in between. A look without an answer proves nothing, the
holder may not have been able to write either, so the count begins anew.

Whoever sends goes on until it has seen another one's claim *move*: a claim that is only there may
be a dead relay's. So a holder that comes back does not take its claim away from the next one, and
after an outage of the brokers nobody stops before another one has shown that it is alive.

A holder that fails at its upstream for long gives the claim up, once: another relay may have a way
there. If none takes it, it takes it back, and waits twice as long before it tries that again.

Times in ms of a clock that only rises.
"""

from dataclasses import dataclass

LOOK = 750
"""Between two looks of each relay, and two signs of life of the holder."""
LENGTH = 3_000
"""After which a claim that does not move is taken."""
FAILS = 15_000
"""Failing after which a holder gives up for the first time."""
LONGEST = 600_000
"""The same, after many times that nobody else took it."""
ABSTAINS = 2 * LENGTH
"""After giving up, in which others may take it."""


@dataclass(slots=True)
class Lease:
    """The part of the relay `me` in one claim.

    patience   of the brokers' silence
    able       it is to send, if it is its turn
    holds      the claim was its own when it looked last; on this revision it writes the next
    sends      it sends
    holder     whose the claim is, by name: for people; "": nobody's, or not known
    alone      the brokers have been silent for that long
    """

    me: str
    patience: int
    able: bool = True
    holds: bool = False
    sends: bool = False
    holder: str = ""
    alone: bool = False
    revision: int = 0
    _seen: int | None = None
    _since: int = 0
    _answered: int | None = None
    _failing: int | None = None
    _endures: int = FAILS
    _until: int = 0

    def wants(self, now: int) -> bool:
        """What is written now says "mine"; else "nobody's"."""
        return self.able and now >= self._until

    def look(self, now: int) -> bool:
        """A look begins. True: write the claim, upon `revision`; False: read it first."""
        if self._answered is None:
            self._answered = now
        return self.holds

    def read(self, revision: int, owner: str, holder: str, asked: int, now: int) -> bool:
        """The claim as it was between `asked` and `now`; revision 0: there is none. `owner`: the
        id of whose it is, "" when it was given up. True: write it now, upon this revision."""
        self._answered, self.alone = now, False
        self.revision, self.holder = revision, holder
        self.holds = owner == self.me
        if self.holds or not owner:
            self._seen = None
            return self.holds or self.wants(now)
        if self._seen is None:
            self._seen, self._since = revision, now
        elif self._seen != revision:
            self._seen, self._since = revision, now
            self.sends = False
        return self.wants(now) and asked - self._since >= LENGTH

    def written(self, revision: int | None, now: int) -> None:
        """The claim that says "mine" was written, in this revision; None: refused."""
        self._answered, self.alone = now, False
        self._seen = None
        if revision is None:  # another one was faster; so far nobody knows who
            self.holds = False
        else:
            self.holds = self.sends = True
            self.revision = revision

    def given_up(self) -> None:
        """The claim that says "nobody's" was written."""
        self.holds, self.sends = False, self.sends and self.able  # until another one is seen to
        self.holder = ""
        self._seen = self._failing = None

    def silent(self, now: int) -> None:
        """The brokers did not answer, or nothing that counts."""
        self._seen = None
        answered = now if self._answered is None else self._answered
        if now - answered >= self.patience:
            self.alone = True
            self.sends = self.sends or self.wants(now)

    def gives_way(self, now: int, *, failing: bool) -> bool:
        """Whether a holder is to give up, since it fails at its upstream: then it abstains."""
        if not self.holds:
            self._failing = None
            return False
        if not failing:
            self._failing, self._endures = None, FAILS
            return False
        self._failing = now if self._failing is None else self._failing
        if now - self._failing < self._endures:
            return False
        self._failing = None
        self._endures = min(2 * self._endures, LONGEST)
        self._until = now + ABSTAINS
        return True
