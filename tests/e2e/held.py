"""A sandbox of a test's own, whose generations end when the test says so."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_api import AirflowAPI
from dev.service import sandbox_connection

# A generation takes hours then, so it ends when the test moves the sandbox's clock on, and not before.
HELD = 0.01
UNTIL_DONE_S = 20_000.0


@dataclass(frozen=True, kw_only=True)
class HeldSandbox:
    """The sandbox, and the Airflow connection to it.

    :ivar conn_id: of a connection that is kept in Airflow's database.
    """

    sandbox: SandboxProcess
    conn_id: str

    def finish_generations(self) -> None:
        """End every generation that was submitted."""
        self.sandbox.advance(UNTIL_DONE_S)


@contextlib.contextmanager
def held_sandbox(api: AirflowAPI) -> Iterator[HeldSandbox]:
    """Run such a sandbox, with a key of its own that is a canary."""
    conn_id = f"kling_held_{secrets.token_hex(4)}"
    with SandboxProcess(api_key=f"canary-{secrets.token_hex(16)}", tier="1000", speed=HELD) as sandbox:
        api.create_connection(conn_id, **json.loads(sandbox_connection(sandbox)))
        yield HeldSandbox(sandbox=sandbox, conn_id=conn_id)
