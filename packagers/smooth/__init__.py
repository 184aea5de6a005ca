"""Smooth Streaming for players: client manifest and fragments ([MS-SSTR] 2.2.1 to 2.2.6).

streams      which tracks share a StreamIndex, and which of their fragments are listed
coding       what a player makes its decoder from, since there is no init segment
manifest     the client manifest
fragment     a fragment in its form
serving      what is at a URL; asks the store
"""
