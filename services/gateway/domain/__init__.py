"""Users, sessions, routes, streams, and whether a user may use a route. Pure."""
