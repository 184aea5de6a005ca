"""What a sender owes to a receiver (the specification's encoder, towards us or towards upstream).

    steps        the words between what has to be sent and the courier that carries it
    address      the URL of a stream
    backoff      when to try again
    catalogue    what each stream begins with, over time
    singles      the headers of one track per stream, on demand
    composition  which streams a received one goes up as
    cursor       how far a stream has come, by what the peer has acknowledged; and what is in doubt
    line         what a stream still has to send, from the presentation; events: of sparse tracks
    stamp        a stored copy's bytes as the stream sends them
    supply       the media of one stream: what is due, fetched and stamped
    headway      whether a receiver takes what it gets: the send timeout
    attempt      the states of one stream's connection, in an operator's words
    uplink       one stream of audio and video: one long POST
    bursts       one stream of sparse tracks: a short POST for each burst
    standing     how it all stands, in plain values
    standby      when a backup steps in, and when it steps back
    lease        which of several relays sends;  claim  what they tell each other of it

The forwarder's streams are `uplink` and `bursts`; the model encoder has a plan of its own, since
its media come from a file and its faults from the command line, and shares the rest. Sans-IO.
"""
