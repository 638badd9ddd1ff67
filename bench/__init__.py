"""What Dragoman costs, beside stock pygls and raw httpx in the same run.

scripts/bench runs it; docs/dev/bench.md says what is measured, and how.
"""
