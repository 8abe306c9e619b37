"""The OpenAPI document of the whole public API, made from the services' own routes.

``merging`` puts the services together; ``contract`` adds to each operation what follows from its
declarations (refusals, headers, words); ``problems`` and ``headers`` are the shared components;
``examples`` composes an example of every body from its schema; ``tags`` names the chapters.
Nothing here knows a route, so a new one is complete as soon as it is declared.
"""

from services.openapi.merging import PUBLISHED, as_text, merge, publish

__all__ = ["PUBLISHED", "as_text", "merge", "publish"]
