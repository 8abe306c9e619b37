"""A relay or a consumer as a process of its own, to be killed at a failpoint.

``python -m tests.shared.bus.processes relay|consumer <database dsn> <bus dsn>``
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

from shared.bus.consumer import consume_events
from shared.bus.postgres import PostgresBus
from shared.bus.relay import Relay
from tests.shared.bus.conftest import Installation, a_database
from tests.shared.bus.writer_and_reader import EVENT, TOPOLOGY, Ledger, enter

KILLED: Final = -signal.SIGKILL
_ROOT: Final = Path(__file__).parents[3]


async def run_until_killed(role: str, installation: Installation, failpoint: str) -> int:
    """The exit status of a process that was to die at ``failpoint``."""
    dsn = installation.writer_dsn if role == "relay" else installation.reader_dsn
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, role, dsn, installation.bus_dsn,
        cwd=_ROOT, env={**os.environ, "MIGPLAN_FAILPOINT": failpoint},
    )  # fmt: skip
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _main(role: str, dsn: str, bus_dsn: str) -> None:
    bus = PostgresBus(bus_dsn, topology=TOPOLOGY)
    await bus.start()
    never = asyncio.Event()
    if role == "relay":
        await Relay(a_database(dsn, "writer"), bus).run(never)
    else:
        await consume_events(
            bus,
            a_database(dsn, "reader"),
            Ledger,
            {EVENT: enter},
            service="reader",
            stop=never,
            topology=TOPOLOGY,
        )


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:4]))
