"""One file per wire dialect, sans-I/O: a request becomes a `Call`, bytes become deltas. No socket is opened here."""
