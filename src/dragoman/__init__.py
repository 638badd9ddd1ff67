"""Dragoman: a language server between every editor and every language model."""

__version__ = "0.1.0"
