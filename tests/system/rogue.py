"""An HTTP server that behaves as it is told: what it answers each request with are the bytes of `answer`, after which it closes.

    with Rogue(b"HTTP/1.1 403 Forbidden\\r\\n…") as rogue:
        rogue.url, rogue.requests                  # bytes of each request's head and body
"""

import socket
import threading


def reply(status, body=b"", content_type="application/problem+json", headers=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"
    return head.encode() + body


class Rogue:
    def __init__(self, answer, hold=False):
        """`hold`: keeps the connection open behind the answer, until the other side gives up."""
        self.answer, self.hold, self.requests = answer, hold, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            data = b""
            while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
                data += part
            head, _, body = data.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            while len(body) < int(fields.get(b"content-length", 0)) and (part := connection.recv(65536)):
                body += part
            self.requests.append(head + b"\r\n\r\n" + body)
            connection.sendall(self.answer)
            while self.hold and connection.recv(65536):
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
