"""dragoman simulate: scripted providers on loopback, for people who write plugins."""

from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.output import out
from dragoman.cli.session import finish
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from dragoman.simulator.script import Fault

NAME = "simulate"
EXAMPLE = "dragoman simulate --port 9100 --fault cut --every 3"


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 0,
    fault: Annotated[str | None, typer.Option(metavar="FAULT", help="How calls fail; see --faults.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Only every n-th call meets the fault.")] = 1,
    after: Annotated[int, typer.Option(min=0, help="Pieces of the answer before a fault inside it.")] = 2,
    faults: Annotated[bool, typer.Option("--faults", help="List the faults.")] = False,
) -> int:
    """Play scripted providers on loopback.

    They answer by rules, in every dialect, until Ctrl-C. No model is asked.
    """
    from dragoman.simulator.script import Fault
    from dragoman.simulator.serve import serve

    if faults:
        for item in Fault:
            out(f"{item.value:<20} {item.summary}")
        return 0
    finish(serve(out, port=port, fault=_fault(fault), every=every, after=after))
    return 0


def _fault(name: str | None) -> "Fault | None":
    from dragoman.core.settings_checks import nearest
    from dragoman.simulator.script import Fault

    if name is None:
        return None
    faults = {fault.value: fault for fault in Fault}
    if name in faults:
        return faults[name]
    near = nearest(name, faults)
    raise BadInput(f"There is no fault {name[:40]!r}: " + (f"did you mean {near}?" if near else "see --faults."))
