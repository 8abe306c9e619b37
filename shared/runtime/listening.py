"""Where a service listens: a TCP port or a Unix socket, taken before anything else starts.

Operators may have a port of their own, see :mod:`shared.http.admin`.
"""

import errno
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from shared.runtime.errors import StartError
from shared.runtime.service import Service
from shared.runtime.settings import CommonSettings

MAX_SOCKET_PATH_BYTES = 107
BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A service and its addresses. ``uds`` goes before ``host`` and ``port``; port 0 takes any.

    ``admin_port`` is for operators; None opens no such port.
    """

    service: Service
    uds: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    admin_host: str = "127.0.0.1"
    admin_port: int | None = None

    @classmethod
    def of(cls, service: Service, settings: CommonSettings) -> "Listening":
        """``service`` at the address in its settings."""
        return cls(
            service=service,
            uds=settings.uds,
            host=settings.host,
            port=settings.port,
            admin_host=settings.admin_host,
            admin_port=settings.admin_port,
        )

    def bind(self) -> tuple[socket.socket, str]:
        """The bound, listening socket, and the address in the form of an upstream URL.

        Raises:
            StartError: the address is taken, or is not ours to use.
        """
        if self.uds is not None:
            return _bind_unix(self.service.name, self.uds), f"unix:{self.uds}"
        sock = _bind_tcp(self.service.name, self.host, self.port)
        return sock, f"http://{_in_url(self.host)}:{sock.getsockname()[1]}"

    def bind_admin(self) -> tuple[socket.socket, str] | None:
        """The same for operators' port; None when there is none.

        Raises:
            StartError: the address is taken, or is not ours to use.
        """
        if self.admin_port is None:
            return None
        sock = _bind_tcp(f"{self.service.name} for operators", self.admin_host, self.admin_port)
        return sock, f"http://{_in_url(self.admin_host)}:{sock.getsockname()[1]}"

    def release(self, sock: socket.socket) -> None:
        """Lets go of what :meth:`bind` took; a Unix socket's file goes too."""
        sock.close()
        if self.uds is not None:
            self.uds.unlink(missing_ok=True)


def _bind_tcp(service: str, host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol named, asyncio switches Nagle's delay off for accepted connections.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise StartError(f"{service} cannot listen on {host}: {error.strerror}.") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise StartError(_why_not(service, host, port, error)) from error
    return sock


def _why_not(service: str, host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{service} cannot listen on {host}:{port}: another program has that port. "
            "Stop it, or choose another port."
        )
    if error.errno == errno.EACCES:
        return f"{service} may not listen on {host}:{port}: ports below 1024 need privileges."
    return f"{service} cannot listen on {host}:{port}: {error.strerror}."


def _bind_unix(service: str, path: Path) -> socket.socket:
    if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        raise StartError(f"{service} cannot listen on {path}: the path is too long for a socket.")
    _remove_dead_socket(service, path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise StartError(f"{service} cannot listen on {path}: {error.strerror}.") from error
    return sock


def _remove_dead_socket(service: str, path: Path) -> None:
    """Takes away the socket file of a killed process; refuses a live one and any other file."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise StartError(f"{service} cannot listen on {path}: a file is in the way.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise StartError(f"{service} cannot listen on {path}: {error}.") from error
    raise StartError(f"{service} cannot listen on {path}: another process does already.")


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
