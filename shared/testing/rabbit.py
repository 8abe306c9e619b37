"""A real RabbitMQ for tests, one for the whole run.

Found in this order: ``TEST_RABBITMQ_URL`` (an administrator's ``amqp://`` URL; the management API
is expected on port 15672 of the same host, or at ``TEST_RABBITMQ_API``); a container, where a
Docker engine answers; RabbitMQ's programs on this machine, fetched if they are missing.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from shared.testing.docker_engine import remove_container, start_container
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.rabbit_server import RabbitServer
from shared.testing.rabbitmq_binaries import RabbitUnavailable
from shared.testing.shared_run import SharedRun
from shared.testing.waiting import wait_until

IMAGE: Final = "rabbitmq:4-management"
_NAME: Final = "rabbitmq"
_READY_WITHIN_S: Final = 90


def shared_rabbit(run: SharedRun) -> RabbitServer:
    """The server of ``run``, started by whoever asks first.

    Raises:
        RabbitUnavailable: there is none and none can be started; says what to install.
    """
    known = run.once(_NAME, lambda: _start(run))
    return RabbitServer(url=known["url"], api_url=known["api_url"])


def end_rabbit(run: SharedRun) -> None:
    """Stops what :func:`shared_rabbit` has started in ``run``."""
    known = run.known(_NAME) or {}
    if "container" in known:
        remove_container(known["container"])
    LocalRabbit(_folder(run)).stop()


def _folder(run: SharedRun) -> Path:
    return run.folder / "rabbitmq"


def _start(run: SharedRun) -> Mapping[str, str]:
    given = os.environ.get("TEST_RABBITMQ_URL")
    if given:
        api_url = os.environ.get("TEST_RABBITMQ_API", f"http://{urlsplit(given).hostname}:15672")
        return _noted(RabbitServer(given.rstrip("/") + "/", api_url.rstrip("/")))
    password = uuid4().hex
    container = start_container(
        IMAGE,
        ports=[5672, 15672],
        env={"RABBITMQ_DEFAULT_USER": "tests", "RABBITMQ_DEFAULT_PASS": password},
    )
    if container is not None:
        server = RabbitServer(
            url=f"amqp://tests:{password}@{container.host}:{container.ports[5672]}/",
            api_url=f"http://{container.host}:{container.ports[15672]}",
        )
        return {**_noted(server), "container": container.id}
    local = LocalRabbit(_folder(run))
    local.start()
    return _noted(local.server)


def _noted(server: RabbitServer) -> Mapping[str, str]:
    place = urlsplit(server.url).netloc.rpartition("@")[2]
    try:
        wait_until(server.answers, within_s=_READY_WITHIN_S)
    except AssertionError as error:
        raise RabbitUnavailable(
            f"RabbitMQ at {place}, or its management API at {server.api_url}, does not answer "
            f"within {_READY_WITHIN_S} s."
        ) from error
    return {"url": server.url, "api_url": server.api_url}
