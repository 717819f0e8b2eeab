"""A receiver of deliveries, for away.bats: receiver.py DIRECTORY [CERTIFICATE KEY]

Listens on a free port, which it prints. Each request becomes a line of JSON in
DIRECTORY/requests. The answers are the lines of DIRECTORY/answers, "STATUS [HEADER: VALUE]", one
after the other, and then 204; "hang" is no answer at all.
"""
import http.server
import json
import os
import ssl
import sys
import threading
import time

directory = sys.argv[1]
lock = threading.Lock()


def next_answer():
    path = os.path.join(directory, "answers")
    with lock:
        lines = open(path).read().splitlines() if os.path.exists(path) else []
        if lines:
            with open(path, "w") as rest:
                rest.write("".join(line + "\n" for line in lines[1:]))
    return lines[0] if lines else "204"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = next_answer()
        request = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                   "body": body, "answer": answer, "time": time.time()}
        with lock, open(os.path.join(directory, "requests"), "a") as log:
            log.write(json.dumps(request) + "\n")
        if answer == "hang":
            time.sleep(600)
        status, _, header = answer.partition(" ")
        self.send_response(int(status))
        if header:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
