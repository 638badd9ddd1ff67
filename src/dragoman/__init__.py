"""Dragoman: a language server between every editor and every language model."""

__version__ = "0.1.0"

CONTENT_LOGGER = "dragoman.content"
"""The logger for code, prompts and answers; shut unless the person opens it by `--log-content`."""
