"""What a text's grammar says of it: symbols, imports, errors. Pure: grammars are loaded when first needed.

A parse holds the interpreter for milliseconds to a tenth of a second: callers run it off the event loop.
"""

from __future__ import annotations
