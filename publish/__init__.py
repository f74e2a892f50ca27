"""Put a lecture where people find it, and prove that what is up is what was made."""
