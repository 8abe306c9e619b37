"""HTTP: public paths behind the gateway, internal ones for other services."""
