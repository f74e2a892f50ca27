"""The front desk: commands, settings, jobs."""
