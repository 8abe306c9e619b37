"""What travels between services: events, their envelope, bulk records. Data, no behaviour."""
