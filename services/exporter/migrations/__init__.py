"""The exporter's schema, revision by revision."""
