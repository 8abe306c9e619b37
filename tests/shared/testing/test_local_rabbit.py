import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika.abc import FieldValue

from shared.testing.fetch_rabbitmq import fetch
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.rabbit_server import RabbitServer
from shared.testing.rabbitmq_binaries import RabbitUnavailable

QUORUM: Final[dict[str, FieldValue]] = {"x-queue-type": "quorum"}


async def test_what_was_confirmed_survives_a_kill_at_the_same_address(
    own_rabbit: LocalRabbit,
) -> None:
    before = own_rabbit.server
    async with await aio_pika.connect(before.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue("kept", durable=True, arguments=QUORUM)
        message = aio_pika.Message(b"7", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")

        await asyncio.to_thread(own_rabbit.settle, "kept")
        await asyncio.to_thread(own_rabbit.kill)
        assert not before.answers()

    await asyncio.to_thread(own_rabbit.restart)
    assert own_rabbit.server == before
    async with await aio_pika.connect(before.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, arguments=QUORUM)
        delivery = await queue.get(timeout=10)
        assert delivery is not None
        assert delivery.body == b"7"


async def test_another_process_may_stop_it_and_nothing_of_it_is_left(
    own_rabbit: LocalRabbit,
) -> None:
    await asyncio.to_thread(LocalRabbit(own_rabbit.folder).stop)

    assert not own_rabbit.server.answers()
    assert _processes_in(own_rabbit.folder) == []


async def test_every_virtual_host_is_empty_and_goes_with_its_test(rabbitmq: RabbitServer) -> None:
    with rabbitmq.vhost() as first, rabbitmq.vhost() as second:
        async with await aio_pika.connect(first) as connection:
            await (await connection.channel()).declare_queue("mine", durable=True)
        async with await aio_pika.connect(second) as connection:
            with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
                await (await connection.channel()).declare_queue("mine", passive=True)
    assert rabbitmq.call("GET", f"/api/vhosts/{urlsplit(first).path[1:]}").status_code == 404


def test_without_the_packages_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "apt.conf"
    nowhere.write_text(f'Dir::Etc "{tmp_path}/nothing";\n')
    monkeypatch.setenv("APT_CONFIG", str(nowhere))

    with pytest.raises(RabbitUnavailable, match=r"apt-get install rabbitmq-server") as caught:
        fetch(tmp_path)

    assert "TEST_RABBITMQ_URL" in str(caught.value)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_without_apt_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RabbitUnavailable, match=r"without apt-get .*Docker.*TEST_RABBITMQ_URL"):
        fetch(tmp_path)


def _processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").samefile(folder):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
