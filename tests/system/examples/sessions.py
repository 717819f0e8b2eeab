"""An application with logins, for tests: token_endpoint.py at /, behind a middleware that
knows one session. Prints its port."""

import sys
from wsgiref.simple_server import make_server

sys.path.insert(0, sys.argv[1])
from token_endpoint import application  # noqa: E402


def with_sessions(inner):
    def outer(environ, start_response):
        if environ.get("HTTP_COOKIE") == "session=s1":
            environ["REMOTE_USER"] = "Zoë".encode().decode("latin-1")
        return inner(environ, start_response)

    return outer


server = make_server("127.0.0.1", 0, with_sessions(application))
print(server.server_port, flush=True)
server.serve_forever()
