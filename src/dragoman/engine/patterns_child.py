"""The child process of `engine.patterns`: compiles one regular expression and tries it on texts, for ever if need be.

Run by its path, not as a module: it imports nothing of Dragoman, and starts at once. stdin is one experiment in JSON;
stdout gets a line in JSON: the engine's complaint, or "" once the pattern is compiled; then 0 or 1 for each text.
"""

import json
import sys
import warnings
from types import ModuleType


def main() -> None:
    """Tries what stdin says."""
    task = json.loads(sys.stdin.buffer.read())
    warnings.simplefilter("ignore")  # of what a pattern may mean one day
    engine = _engine(task["engine"])
    flags = 0
    for letter in task["flags"]:
        flags |= getattr(engine, "V1" if letter == "V" else letter.upper())
    try:
        pattern = engine.compile(task["pattern"], flags)
    except (engine.error, OverflowError, RecursionError, MemoryError) as error:
        _say(str(error) or type(error).__name__)
        return
    _say("")
    for text in task["texts"]:
        _say(int(pattern.search(text) is not None))


def _engine(name: str) -> ModuleType:
    if name == "re":
        import re  # noqa: PLC0415 - only one of the two is needed

        return re
    import regex  # noqa: PLC0415 - the same

    return regex  # type: ignore[no-any-return]


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
