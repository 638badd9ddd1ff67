"""Scripted providers on real loopback sockets: every dialect, every fault. Never used to answer a person's request."""
