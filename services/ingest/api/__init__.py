"""HTTP: public paths behind the gateway, and snapshots for the assessment."""
