"""Servers on this machine: one that serves, and ones that fail in every way a server can."""

import contextlib
import http.server
import threading

CONTENT = b'"a";"b"\n1;2\n'
RAW_ANSWERS = {
    "no-number": b"HTTP/1.0 200 OK\r\nContent-Length: abc\r\n\r\n" + CONTENT,
    "two-numbers": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\n" + CONTENT,
    "nowhere": b"HTTP/1.0 302 Found\r\nLocation: http://[::1\r\n\r\n",
    "elsewhere": b"HTTP/1.0 302 Found\r\nLocation: ftp://127.0.0.1/a.csv\r\n\r\n",
    "long-host": b"HTTP/1.0 302 Found\r\nLocation: http://" + b"a" * 300 + b"/a.csv\r\n\r\n",
    "circle": b"HTTP/1.0 302 Found\r\nLocation: /circle/winequality-red.csv\r\n\r\n",
    "no-gzip": b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + CONTENT,
    "colours": b"HTTP/1.0 503 \x1b[31m" + b"busy " * 100 + b"\r\n\r\n",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the first part of the path: ok, truncated, hang, stall, drip, one of those above, or a status."""

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        self.server.requests.append(self.path)
        if behaviour in RAW_ANSWERS:
            self.wfile.write(RAW_ANSWERS[behaviour])
            return
        if behaviour in ("stall", "drip"):
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not self.server.stop.wait(30 if behaviour == "stall" else 0.1):
                with contextlib.suppress(OSError):
                    self.wfile.write(b"1")
            return
        if behaviour == "hang":
            self.server.stop.wait(30)
            return
        status = int(behaviour) if behaviour.isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:5] if behaviour == "truncated" else CONTENT)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    """A server, with the list of `requests` that it has had."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.stop, server.daemon_threads = [], threading.Event(), True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stop.set()
            server.shutdown()
            thread.join()
