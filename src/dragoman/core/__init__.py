"""Values and decisions. Pure: no I/O, no clock, no asyncio, nothing mutable at module level."""
