"""An HTTPS server on loopback, with a certificate of its own authority, for what is fetched."""

from __future__ import annotations

import http.server
import ipaddress
import json
import ssl
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from headgate.testing import Publisher

__all__ = ["Server", "certificate"]


class Server:
    """Answers with what it is told, or with the files of `folder` if one is set, and counts who asks.

    Args:
        folder: where its certificate is, `server.pem`; made if there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.status, self.body, self.asked = 200, b"", 0
        self.endless = self.short_by = 0
        self.headers: dict[str, str] = {}
        self.pages: dict[str, tuple[int, dict[str, str]]] = {}
        self.received: list[dict[str, str]] = []
        self.folder: Path | None = None
        self.paths: list[str] = []
        self.hangs = threading.Event()
        self.hangs.set()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                server.paths.append(self.path)
                server.hangs.wait(30)
                server.received.append({name.lower(): value for name, value in self.headers.items()})
                body = server.body
                status, headers = server.page(self.path, self.headers.get("If-None-Match"))
                if server.folder is not None:
                    # Several at a time: nothing of the server itself is changed.
                    file = server.folder / self.path.lstrip("/")
                    status, body = (200, file.read_bytes()) if file.is_file() else (404, b"")
                if server.endless:
                    self._endless()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status == 304:
                    self.end_headers()
                    return
                self.send_header("Content-Length", str(len(body) + server.short_by))
                self.end_headers()
                with suppress(OSError):  # the client has had enough
                    self.wfile.write(body)

            def _endless(self) -> None:
                self.send_response(200)
                self.end_headers()
                try:
                    for _ in range(0, server.endless, 1 << 16):
                        self.wfile.write(b" " * (1 << 16))
                except OSError:
                    pass  # the client has gone

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/jwks.json"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def page(self, path: str, etag: str | None) -> tuple[int, dict[str, str]]:
        status, headers = self.pages.get(path, (self.status, self.headers))
        return (304 if status == 200 and etag is not None and headers.get("ETag") == etag else status), headers

    def serves(self, *publishers: Publisher) -> None:
        self.status, self.headers, self.endless, self.short_by = 200, {}, 0, 0
        self.body = json.dumps({"keys": [key for one in publishers for key in one.key.public_jwks()["keys"]]}).encode()

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


def certificate(folder: Path) -> Path:
    path = folder / "server.pem"
    if path.exists():
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    begins = datetime(2020, 1, 1, tzinfo=timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path
