"""A receiver of webhooks: keeps what it gets, and answers as it is told."""

import json
import os
import socket
import ssl
import subprocess
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Request = namedtuple('Request', 'path headers body')


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.got.append(Request(self.path, self.headers, body))
        answer = self.server.answers.get(self.path, 204)

        if callable(answer):
            answer(self)
        else:
            self.answer(answer)

    def do_GET(self):
        self.server.got.append(Request(self.path, self.headers, b''))
        self.answer(204)

    def answer(self, code, body=b'', **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Handshakes in the connection's thread: one that hangs holds up nobody
    else."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context=None):
        super().__init__(('127.0.0.1', 0), Handler)
        self.context = context
        self.port = self.server_address[1]
        self.got = []
        self.answers = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, address):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)

        super().finish_request(request, address)

    def handle_error(self, *_):
        pass


class Receiver:
    def __init__(self, certificate):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f'{certificate}.pem', f'{certificate}.key')
        self.https = Server(context)
        self.http = Server()
        self.silent = socket.create_server(('127.0.0.1', 0))

    def url(self, path, host='localhost'):
        return f'https://{host}:{self.https.port}{path}'

    def answer(self, path, answer):
        """A code, or what does it."""
        self.https.answers[path] = answer

    @property
    def got(self):
        return self.https.got

    def tidy(self):
        for server in self.https, self.http:
            server.got.clear()
            server.answers.clear()


class Gate:
    """An answer that waits until it is let through."""

    def __init__(self, code=204):
        self.code = code
        self.opened = threading.Event()

    def __call__(self, handler):
        self.opened.wait(60)
        handler.answer(self.code)

    def open(self):
        self.opened.set()


def verify(request, *secrets):
    """What npm's standardwebhooks says of the request, for each secret."""
    headers = {name: request.headers[name] for name in (
        'webhook-id', 'webhook-timestamp', 'webhook-signature')}
    result = subprocess.run(
        ['node', os.environ['ORDER_TOOLS'] + '/verify.mjs'],
        input=json.dumps([{'secret': secret, 'body': request.body.decode(),
                           'headers': headers} for secret in secrets]),
        stdout=subprocess.PIPE, text=True, check=True)

    return json.loads(result.stdout)
