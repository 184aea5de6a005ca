"""What a channel signals besides its media: ad breaks and other events, said in each player's way.

    scte35        splice_info_section, the binary message of an ad break
    xml_signal    the same inside XML
    signal        what an event of a sparse track says: `Signal`, each once, in order
    hearing       reads the events of a channel from its store, each once
    daterange     EXT-X-DATERANGE of HLS;  legacy_cues  the tags that were before it
    event_stream  EventStream of DASH, and emsg boxes in segments

A message is a stranger's bytes: one that is damaged becomes an opaque signal that says so, never an
exception, and an opaque one passes untouched.
"""
