"""A private PostgreSQL in a folder, that may be killed and started again at the same address."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

from shared.runtime.local_postgres import LocalPostgres
from shared.testing.ports import free_ports
from shared.testing.postgres import PostgresServer, local_server, tcp_dsn
from shared.testing.waiting import wait_until

_GONE_WITHIN_S: Final = 10


class KillablePostgres:
    """PostgreSQL on a TCP port of its own. Blocking; async tests call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._local: LocalPostgres = local_server(folder, port=free_ports(1)[0])

    def start(self) -> PostgresServer:
        """Starts it with the data that the folder has; after a kill, with crash recovery.

        Raises:
            StartError: it does not start; says why.
        """
        asyncio.run(self._local.start())
        return PostgresServer(tcp_dsn(self._local))

    def kill(self) -> None:
        """SIGKILL to the server's first process, as the out-of-memory killer may do.

        Its children end when they notice; what was committed is on the disk.
        """
        pid = self._local.pid
        if pid is None:
            raise AssertionError("PostgreSQL does not run.")
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: self._local.pid is None, within_s=_GONE_WITHIN_S, what="PostgreSQL is gone"
        )

    def stop(self) -> None:
        """Ends it, if it runs."""
        asyncio.run(self._local.stop())
