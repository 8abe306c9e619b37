import asyncio, logging
from urllib.parse import urlsplit
import aio_pika
from shared.bus.rabbit import RabbitBus
from shared.testing.bus_contract import *
from tests.shared.bus.test_rabbit import *
async def test_dbg(rabbitmq, rabbit_url):
    logging.basicConfig(level=logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    vhost = urlsplit(rabbit_url).path.lstrip("/")
    recorder = Recorder()
    async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus, consuming(bus, QUEUE, recorder):
        await published(bus, a_message())
        await eventually(lambda: recorder.deliveries)
        print("DELETE ####")
        logging.info("DELETE ###")
        r = await asyncio.to_thread(rabbitmq.call, "DELETE", f"/api/queues/{vhost}/{QUEUE}")
        print(r.status_code)
        await asyncio.sleep(4)
        logging.info("END ###")
    assert False
