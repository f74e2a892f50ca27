"""What flipcast claims about speed and quality, measured against named peers: one command each."""
