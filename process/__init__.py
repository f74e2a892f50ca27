"""Turn a recording, or any video file, into a lecture that anyone can watch."""
