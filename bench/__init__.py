"""Benchmarks: how fast, how small, how steady the platform is (``make bench``, README.md here).

    cases       the names, and what each runs            results    one figure, one JSON line
    imports     a workbook's way to a plan               floor      the least that an import costs
    latency     from a commit to the handled event       gateway    what the gateway adds
    pages       lists of the largest inventory           assess     the rules alone
    site        servers and platform, started once       processes  CPU and memory of others
    workbooks   generated estates, kept in .cache/bench

Everything is measured on the real thing: six processes, PostgreSQL, RabbitMQ.
"""
