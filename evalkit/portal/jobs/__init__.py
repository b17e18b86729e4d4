"""Work behind the pages: a small queue in the database, and the worker that empties it."""
