"""What Dragoman is measured beside: child processes that share no code with it."""
