"""The merge of one track: which copies are worth a put, and in what order members are placed.

timeline   the merge itself: offer, apply, due
placed     what has its place
held       copies that wait for a better one, or for their hole
joining    which copies of an index go together, and which is better
suspects   copies from so far ahead that one alone changes nothing
gaps       records for what nobody has
breaks     where a discontinuity comes
moment     one moment by two clocks: whose time has not come yet
"""

from relay.timeline.timeline import Timeline

__all__ = ["Timeline"]
