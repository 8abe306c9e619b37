"""What makes a service a process: settings, supervision, and the embedded installation.

===================  =============================================================================
``settings``         a service's settings, read from the environment at the start
``parts``            what every service is made of, and how it makes a Service
``service``          Service: an app with its background tasks
``supervisor``       runs services and stops them in good order
``listening``        the port or socket a service answers on
``trace_export``     whether traces are made, and where they go
``restarting``       a background task that crashed runs again, but not for ever
``invariant_watch``  what must be true of the rows, looked at every minute
``schema_check``     readiness: the migrations have run
``clock``, ``ids``   the machine's time, new ids
``errors``           StartError: why a process refuses to start
``data_dir``         an embedded installation's secrets and its lock
``local_postgres``   its PostgreSQL, with ``postgres_cluster`` (files) and ``postgres_binaries``
===================  =============================================================================
"""
