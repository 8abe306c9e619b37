"""HTTP: public paths behind the gateway."""
