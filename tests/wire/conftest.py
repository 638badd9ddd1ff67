"""Servers that the wire tests talk to over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realmodel import RealModelServer, running_model_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real_model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealModelServer]:
    """llama.cpp's server on a tiny random model; one per worker, since each worker is a session."""
    with running_model_server(tmp_path_factory.mktemp("model")) as server:
        yield server
