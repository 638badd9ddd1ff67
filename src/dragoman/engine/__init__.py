"""Effects: the one loop that asks providers, and the doors to HTTP, keys, clocks and files."""
