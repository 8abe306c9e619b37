"""Why a process refuses to start."""


class StartError(Exception):
    """The process cannot start. The message is for the person who started it, and says what to do.

    Entry points print it and exit non-zero; it needs no stack trace.
    """
