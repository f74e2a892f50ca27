"""Captions: speech heard by an engine, kept as a transcript, laid out as cues."""
