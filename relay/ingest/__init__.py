"""The ingest flavours: how a sender's bytes become headers and fragments."""
