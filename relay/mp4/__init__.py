"""ISO base media files: framing, the meaning of the boxes we need, and their grammar.

    reader    chunks in, whole top-level boxes out
    walk      the children of a container, bounded
    iso       what moov and moof mean; a moof with several tracks taken apart
    smooth    the boxes that Smooth Streaming adds
    codecs    what a sample entry says: codec string, size, rate
    grammar   construct tables of the boxes, by standard
    dump      any file as a tree of boxes and fields

Nothing here decides what becomes of a stream. Whatever comes in, only `EncoderError`s come out.
"""
