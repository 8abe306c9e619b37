"""Users, sessions, routes and the decision whether a user may use a route. Pure."""
