"""The test kit; nothing that ships imports it (``make lint`` proves it).

postgres, rabbit     one real server each for a test run (fixtures in ``tests/conftest.py``)
local_rabbit         a RabbitMQ of one's own, to kill and restart
fetch_rabbitmq       gets RabbitMQ's programs without root (``rabbitmq_binaries`` finds them)
service_process      services as real processes
bus_contract, proxy  what every bus must do, and a network that fails
waiting              conditions with a deadline, instead of sleeping
shared_run           what the worker processes of one run share
"""
