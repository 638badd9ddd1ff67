"""Options that several commands take, so that they are called and explained the same everywhere."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
ProviderName = Annotated[str | None, typer.Option("--provider", "-p", metavar="NAME", help="Ask this provider only.")]
ModelName = Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="Ask this model.")]
