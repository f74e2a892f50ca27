"""Who does the work: an executor on this machine, or on a cluster where one is named."""
