"""A private RabbitMQ in a folder, that may be killed and started again.

Everything listens on the loopback interface, at ports of its own; its port mapper (epmd) too.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypedDict, cast
from uuid import uuid4

from shared.testing.fetch_rabbitmq import ensure_binaries
from shared.testing.ports import free_ports
from shared.testing.rabbit_server import RabbitServer
from shared.testing.rabbitmq_binaries import INSTALLED, RabbitBinaries, RabbitUnavailable
from shared.testing.shared_run import RUN_VARIABLE
from shared.testing.waiting import wait_until

NODE: Final = "tests@localhost"
_USER: Final = "tests"
_CONFIG: Final = """
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {api}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = 16000000
log.console = true
log.console.level = warning
log.console.use_colors = off
log.file = false
"""


class _State(TypedDict):
    """What a later process must know: kept in ``state.json``."""

    amqp: int
    api: int
    distribution: int
    epmd: int
    password: str


class LocalRabbit:
    """RabbitMQ in ``folder``. Blocking; async tests call it in a thread.

    The server outlives this process: an object for the same folder, in any process, may stop it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def server(self) -> RabbitServer:
        """Its addresses; the same after every restart."""
        state = self._state()
        return RabbitServer(
            url=f"amqp://{_USER}:{state['password']}@127.0.0.1:{state['amqp']}/",
            api_url=f"http://127.0.0.1:{state['api']}",
        )

    def start(self, *, within_s: float = 90) -> None:
        """Starts it with the data that the folder has, and waits until it answers.

        Raises:
            RabbitUnavailable: there are no programs, or it does not start; shows what its log says.
        """
        binaries = self._link(ensure_binaries())
        state = self._state() if self._state_file.exists() else self._new_state()
        deadline = time.monotonic() + within_s
        self._log.unlink(missing_ok=True)
        self._spawn(["epmd", "-address", "127.0.0.1", "-port", str(state["epmd"])], binaries, state)
        broker = self._spawn([str(binaries.scripts() / "rabbitmq-server")], binaries, state)
        while not self.server.answers():
            if broker.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RabbitUnavailable(f"RabbitMQ does not start.\n{self._first_errors()}")
            time.sleep(0.05)

    def settle(self, *queues: str, within_s: float = 10) -> None:
        """Waits until a kill can do no harm to these quorum queues, which exist already.

        RabbitMQ saves the directory of its Raft groups every half second. A queue that is missing
        there after a crash stays without a leader for good (rabbitmq-server issue 15725).
        """
        directory = self.folder / "mnesia" / NODE / "quorum" / NODE / "names.dets"

        def are_saved() -> bool:
            saved = directory.read_bytes()
            # The name and no more of it: the queue of its dead letters is made first.
            return all(re.search(re.escape(queue.encode()) + rb"(?!\.)", saved) for queue in queues)

        wait_until(are_saved, within_s=within_s, what=f"{queues} in {directory.name}")

    def kill(self) -> None:
        """SIGKILL, as a crash does; see :meth:`settle`. What was confirmed is on the disk."""
        while processes := self._processes():
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        for child in self._children:
            child.wait()
        self._children.clear()

    def restart(self) -> None:
        """Kills it if it runs, and starts it with the same data and addresses."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Ends every process of it; the data stays, for a test to look at."""
        self.kill()

    def control(self, *command: str) -> None:
        """Runs ``rabbitmqctl`` on it; takes some 2 s.

        Raises:
            subprocess.CalledProcessError: it refused.
        """
        binaries = self._link(ensure_binaries())
        subprocess.run(
            [binaries.scripts() / "rabbitmqctl", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            env={**binaries.environment(), **self._environment(self._state())},
            check=True,
            timeout=60,
        )

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _state(self) -> _State:
        return cast(_State, json.loads(self._state_file.read_text(encoding="utf-8")))

    def _link(self, binaries: RabbitBinaries) -> RabbitBinaries:
        """The programs by a path without spaces, which RabbitMQ's scripts cannot bear."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if binaries.root == INSTALLED:
            return binaries
        link = self.folder / "programs"
        if not link.is_symlink() or link.readlink() != binaries.root:
            link.unlink(missing_ok=True)
            link.symlink_to(binaries.root)
        return RabbitBinaries(link)

    def _new_state(self) -> _State:
        amqp, api, distribution, epmd = free_ports(4)
        state = _State(
            amqp=amqp,
            api=api,
            distribution=distribution,
            epmd=epmd,
            password=uuid4().hex,
        )
        for name in ("home", "mnesia", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text(
            _CONFIG.format(amqp=amqp, api=api, user=_USER, password=state["password"])
        )
        self._state_file.write_text(json.dumps(state), encoding="utf-8")
        return state

    def _spawn(
        self, command: Sequence[str], binaries: RabbitBinaries, state: _State
    ) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={
                    **binaries.environment(),
                    **self._environment(state),
                    RUN_VARIABLE: os.environ.get(RUN_VARIABLE, ""),
                },
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def _environment(self, state: _State) -> Mapping[str, str]:
        folder = self.folder
        return {
            "HOME": str(folder / "home"),  # the Erlang cookie's place
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_NODE_PORT": str(state["amqp"]),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(state["distribution"]),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
            ),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(state["epmd"]),
            "ERL_MAX_PORTS": "4096",
            "ERL_CRASH_DUMP_SECONDS": "0",
        }

    def _processes(self) -> list[int]:
        """Every process that works in our folder: the broker, its helpers, its port mapper."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # gone, a zombie, or somebody else's
                if (entry / "cwd").samefile(self.folder):
                    found.append(int(entry.name))
        return found

    def _first_errors(self) -> str:
        """What the log of this start says went wrong; a stack of consequences follows it there."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if "[error]" in line][:15] or lines[-15:]
        return "\n".join([f"{self._log} says:", *(f"  {line}" for line in errors)])
