"""The demo: one channel, two encoders of one programme, two upstreams, and the page to watch.

clip       the programme, made once by ffmpeg and kept
kept       a process that comes back after a while when it is killed
encoders   two that push
upstreams  two relays that it is forwarded to
show       the relay itself, and a line on the terminal for each thing that happens
"""
