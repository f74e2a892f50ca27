"""Pages: what is served to a browser by flipcast itself, on loopback."""
