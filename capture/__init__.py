"""Record, safely: what a lens and a microphone bring in, kept as recordings on disk."""
