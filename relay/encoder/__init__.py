"""`relay push`: a model encoder, which does what the live-ingest specification asks of encoders.

    clip      a file as a programme that loops without a seam, cut into cells of the grid
    header    what a stream begins with: ftyp, live server manifest, moov
    stamp     number n of the UTC grid -> the bytes of each track's fragment
    faults    what may go wrong on purpose, as a small language
    plan      what one stream sends when; what it does when the other end fails
    sender    the thin door: carries out the plan over HTTP
    display   what the person in front of it sees
    command   the command line

The whole programme is a function of the file and of the clock's grid, phase 0. So two of them, at
any two places and started at any two times, send the same bytes under the same numbers: they are
redundant encoders in the sense of the specification, without knowing of each other.
"""
