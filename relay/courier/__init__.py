"""Carries the duties of one stream over HTTP, and decides nothing.

Both the model encoder and the forwarder send through it.

    courier    one stream: probes, POSTs, early answers, the send timeout
    probe      the empty POST, its challenges and redirects
    wire       connections, and what their peers have acknowledged
    hearing    a socket that hears its peer out before it fails
    access     who we are and whom we trust
    answer     what a peer said, within limits
    resolver   names, asked anew each time; the last good answer while nobody answers

aiohttp is at home here and nowhere else. Its traps, measured: a body must never be sent again
behind a redirect or a challenge, a limit on reading would fire in every long POST, proxies of the
environment are none of ours, and what a socket still holds counts as written.
"""
