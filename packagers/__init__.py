"""Packagers: pure functions from a presentation and a path to a document or a segment."""
