"""The message bus: facts from a service's outbox to the inboxes of those who subscribe.

ports.py            what a bus is: publish, consume, and the fate of a delivery
topology.py         every queue there is, and the arguments they are declared with
rabbit.py           RabbitMQ, for production
rabbit_link.py      its connections, opened again for ever
postgres.py         PostgreSQL, for one-process installations: the same promises, no broker
postgres_schema.py  the schema of the latter
in_flight.py        handlers at work: at most so many, and what became of each
backoff.py          pauses between attempts
relay.py            outbox → bus: one relay per service, in order per aggregate
consumer.py         bus → handler: the effect and its inbox row in one transaction

Delivery is at least once everywhere. Effects happen once, because the consumer records the message
id in the transaction of the effect.
"""
