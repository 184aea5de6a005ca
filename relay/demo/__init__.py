"""The demo: one channel, two encoders that push the same programme, and the page to watch.

clip       the programme, made once by ffmpeg and kept
encoders   two processes; one that is killed comes back after a while
show       the relay itself, and a line on the terminal for each thing that happens
"""
