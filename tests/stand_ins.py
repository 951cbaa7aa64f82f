"""Stand-ins on loopback for services with page tokens: a drive of Microsoft Graph, and one of Google."""

from __future__ import annotations

import http.server
import itertools
import json
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers import certificate

__all__ = ["Answer", "GoogleDrive", "GraphDrive", "Service"]

Answer = tuple[int, dict[str, str], bytes]


class Service:
    """A server by HTTPS that answers what `answer` returns.

    Args:
        folder: where its certificate is, `server.pem`; made if there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.received: list[tuple[str, dict[str, str]]] = []
        self.strange: list[Answer | Callable[[], Answer]] = []  # answered first, once each
        self.hangs = threading.Event()
        self.hangs.set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.received.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                service.hangs.wait(30)
                strange = service.strange.pop(0) if service.strange else None
                status, headers, body = (
                    service.answer(self.path) if strange is None else strange() if callable(strange) else strange
                )
                with suppress(OSError):  # the client has gone
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.base = f"https://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: str) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


def ok(page: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(page).encode()


@dataclass
class _Thing:
    uri: str
    modified: str
    tag: str
    is_folder: bool = False
    is_gone: bool = False
    number: int = 0
    more: dict[str, Any] = field(default_factory=dict)


class _Things(Service):
    """Things with identifiers, each with the number of its last change."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.things: dict[str, _Thing] = {}
        self.oldest, self.size = 0, 2
        self._numbers = itertools.count(1)

    def has(self, name: str, uri: str, modified: str, *, tag: str = "", is_folder: bool = False) -> None:
        """Make a thing, or change it; every change has another content unless its tag says otherwise."""
        number = next(self._numbers)
        self.things[name] = _Thing(uri, modified, tag or f"c{number}", is_folder, number=number)

    def removes(self, name: str) -> None:
        self.things[name].is_gone, self.things[name].number = True, next(self._numbers)

    def forgets(self) -> None:
        """Forget all places from which pulls could go on."""
        self.oldest = next(self._numbers)

    def since(self, number: int, skip: int) -> tuple[list[tuple[str, _Thing]], bool, int]:
        """Return a page of what was changed since a number, whether there is more, and the last number."""
        changed = sorted(
            ((name, one) for name, one in self.things.items() if one.number > number), key=lambda pair: pair[1].number
        )
        last = max((one.number for one in self.things.values()), default=0)
        return changed[skip : skip + self.size], len(changed) > skip + self.size, max(last, self.oldest)


class GraphDrive(_Things):
    """A drive with a delta query: what is gone has an identifier and no address."""

    @property
    def url(self) -> str:
        return f"{self.base}/v1.0/drives/d/root/delta"

    def answer(self, path: str) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        since, skip = (int(part) for part in query.get("token", "0-0").split("-"))
        if 0 < since < self.oldest:
            return 410, {"Location": f"{self.url}?token=0-0"}, b'{"error": {"code": "resyncRequired"}}'
        things, has_more, last = self.since(since, skip)
        page: dict[str, object] = {"value": [self._item(name, one) for name, one in things]}
        if has_more:
            page["@odata.nextLink"] = f"{self.url}?token={since}-{skip + self.size}"
        else:
            page["@odata.deltaLink"] = f"{self.url}?token={last}-0"
        return ok(page)

    def _item(self, name: str, one: _Thing) -> dict[str, object]:
        if one.is_gone:
            return {"id": name, "deleted": {"state": "deleted"}}
        kind: dict[str, object] = {"folder": {"childCount": 1}} if one.is_folder else {"file": {}, "cTag": one.tag}
        return {"id": name, "webUrl": one.uri, "lastModifiedDateTime": one.modified, **kind}


class GoogleDrive(_Things):
    """A drive with a list of files and a log of changes."""

    @property
    def url(self) -> str:
        return f"{self.base}/drive/v3"

    def answer(self, path: str) -> Answer:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = parts.path.removeprefix("/drive/v3/")
        if name == "changes/startPageToken":
            return ok({"startPageToken": f"{self.since(0, 0)[2]}-0"})
        since, skip = (int(part) for part in query.get("pageToken", "0-0").split("-"))
        if name == "changes" and 0 < since < self.oldest:
            return 410, {}, b"{}"
        things, has_more, last = self.since(since, skip)
        more: dict[str, object] = {"nextPageToken": f"{since}-{skip + self.size}"} if has_more else {}
        if name == "files":
            return ok({"files": [self._file(name, one) for name, one in things if not one.is_gone], **more})
        changes = [self._change(name, one) for name, one in things] + [{"changeType": "drive", "removed": False}]
        return ok({"changes": changes, **(more or {"newStartPageToken": f"{last}-0"})})

    def _change(self, name: str, one: _Thing) -> dict[str, object]:
        if one.is_gone and one.number % 2:
            return {"fileId": name, "removed": True}
        return {"fileId": name, "removed": False, "file": {**self._file(name, one), "trashed": one.is_gone}}

    def _file(self, name: str, one: _Thing) -> dict[str, object]:
        kind = "application/vnd.google-apps.folder" if one.is_folder else "application/pdf"
        tag = {} if one.is_folder else {"md5Checksum": one.tag}
        return {"id": name, "webViewLink": one.uri, "modifiedTime": one.modified, "mimeType": kind, **tag}
