"""Put a speaker in front of another picture, live or afterwards."""
