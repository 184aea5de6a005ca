"""The store of several relays: one set on NATS JetStream, and with every relay all of it.

A relay keeps a store of its own (on its disk, as a single one does) and reads from nothing else:
players, replay and forwarding are as fast as without brokers, and need none. What makes it one set
is the way in:

    put       says the member to the brokers, under a subject that is its key; the stream takes the
              first. It returns when the winner, this one or another relay's, has come back
    follow    what the stream has committed comes back to every relay in one order, its own members
              too, and only then goes into its own store. So all see the same order, and the same
              timeline; bytes are fetched only where the relay does not hold them already
    trim      forgets here, and tells the brokers a place below which all may go. Pins never go

**Brokers away.** A put is kept waiting while a new leader may still be elected, then the relay goes
on alone (`relay.store.jetstream.link`): first under its key means first here. When the brokers are
back, what they have is heard first, then what was kept apart is said to them, as any put. Nothing
that this relay has published changes by that: where another relay's copy has won meanwhile, both
keep the one that they have published, and where one had a gap, the other's copy becomes a fill.

**What it promises.** `put` has returned: the member is on a majority of the brokers and in the
store of this relay; or, while it is `degraded`, in the store of this relay. A message that the
brokers have not committed is nobody's: a refusal is not believed until the winner has come back.
"""
