"""The command line client behind ``make demo``, ``make plan`` and ``make run``.

It speaks the public HTTP API and nothing else: it imports neither services nor shared. It uses the
platform that runs on the data folder, or starts one for the time of the command.
"""
