"""The demo: one channel, two encoders of one programme, two upstreams, and the page to watch.

clip       the programme, made once by ffmpeg and kept
kept       a process that comes back after a while when it is killed
encoders   two that push
upstreams  two relays that it is forwarded to, each behind a gate
hub        the relay itself, and desk, its place for the demo on the admin port
acts       what whoever looks may do, and strip: the eight of them
stage      all of it together
show       a line on the terminal for each thing that happens
"""
