"""`relay push`: a model encoder, which does what the live-ingest specification asks of encoders.

    clip      a programme that loops without a seam, in cells of the grid; cutting: how it is made
    header    what a stream begins with: ftyp, live server manifest, moov
    stamp     number n of the UTC grid -> the bytes of each track's fragment
    faults    what may go wrong on purpose, as a small language
    streams   which tracks travel in which stream, and where to
    plan      what one stream sends when; what it does when the other end fails
    progress  what people see of a stream; display: how
    push      the composition root; command: the command line

The whole programme is a function of the file and of the clock's grid, phase 0. So two of them, at
any two places and started at any two times, send the same bytes under the same numbers: they are
redundant encoders in the sense of the specification, without knowing of each other.

What is not its own, it shares with the forwarder: `relay.uplink`'s words between a plan and
`relay.courier`, which carries it out over HTTP.
"""
