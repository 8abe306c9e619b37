"""Servers in containers, where a Docker engine answers.

A server must outlive the worker process that started it, so testcontainers' own reaper, which ends
containers with that process, stays off; the end of the run removes them.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Container:
    """A running container and where its ports are found, by the port's number inside."""

    id: str
    host: str
    ports: Mapping[int, int]


def start_container(
    image: str, *, ports: Sequence[int], env: Mapping[str, str], command: Sequence[str] = ()
) -> Container | None:
    """A container of ``image``; None where no Docker engine answers, or it has no such image."""
    if not ("DOCKER_HOST" in os.environ or Path("/var/run/docker.sock").exists()):
        return None  # without the second that importing the clients takes
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except DockerException:
        return None
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer(image, env=dict(env), ports=list(ports))
    if command:
        container.with_command(list(command))
    try:
        container.start()
        return Container(
            id=container.get_container_id(),
            host=container.get_container_host_ip(),
            ports={port: container.get_exposed_port(port) for port in ports},
        )
    except DockerException as error:
        log.warning("Docker answers, but %s does not start: %s", image, error)
        container.stop()
        return None


def remove_container(container_id: str) -> None:
    """Ends a container that :func:`start_container` gave."""
    import docker
    from docker.errors import NotFound

    client = docker.from_env()
    try:
        client.containers.get(container_id).remove(force=True, v=True)
    except NotFound:
        pass
    finally:
        client.close()
