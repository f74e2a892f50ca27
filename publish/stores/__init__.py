"""Publishing: stores."""
