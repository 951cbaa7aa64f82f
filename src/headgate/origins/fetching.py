"""One document by HTTPS: from the host that was named, to a bound, within a time.

`http.client` is in the standard library and is enough: it follows no redirect and keeps no cookie. What it lacks is
added here: the connection goes to the very address that was checked, and the whole exchange has one deadline, however
slowly the answer drips.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import threading
import time
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from headgate.encoding import safe_name, safe_uri
from headgate.origins.addresses import Address, FetchError, UnreachableError, require_public, resolve_host
from headgate.origins.cached import read_age
from headgate.origins.trust import trusting

__all__ = ["Answer", "FetchError", "UnreachableError", "ask", "fetch", "fetch_aged", "probe"]

_BLOCK = 1 << 16
_MOST_HEADER, _MOST_NAME, _MOST_INTERIM = 65_536, 500, 20
_HEADERS = {
    "Accept": "*/*",
    # What is encoded may be any number of bytes more.
    "Accept-Encoding": "identity",
    # A cache between here and there is to ask as well (RFC 9111, section 5.2.1.4).
    "Cache-Control": "no-cache",
    "User-Agent": "headgate",
    "Connection": "close",
}
_LISTS = ("age", "cache-control")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers.

    Attributes:
        status: the status.
        headers: by their names in lower case.
        body: what it holds; empty for any status but 200.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(url: str, *, most: int, timeout: float, private: Collection[str] = ()) -> bytes:
    """Return what an address holds, as `fetch_aged` does, however old it is."""
    return fetch_aged(url, most=most, timeout=timeout, private=private)[0]


def fetch_aged(url: str, *, most: int, timeout: float, private: Collection[str] = ()) -> tuple[bytes, timedelta]:
    """Return what an address holds, and how old that was when a cache gave it.

    Certificates are verified against the system's authorities (`SSL_CERT_FILE` and the usual proxy variables are
    honoured). Redirections are refused.

    Args:
        url: an `https://` address.
        most: how many bytes are accepted.
        timeout: how long all of it may take, in seconds.
        private: the names of hosts that may be in a private network.

    Raises:
        FetchError: it is another kind of address, does not answer in time, or answers with anything but 200 and at
            most so many bytes.
    """
    address = Address.parse(url)
    deadline = time.monotonic() + timeout
    try:
        with _connected(address, private, deadline) as connection:
            connection.request("GET", address.path, headers=_HEADERS)
            # Closed here, because a response that nobody has read to its end keeps the connection.
            with connection.getresponse() as response:
                return _read(response, most), read_age(response.getheader("Age") or "")
    except FetchError as error:
        raise FetchError(f"{safe_uri(url)}: {error}") from None
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        why = f"no answer within {timeout:g} s" if time.monotonic() >= deadline else reason
        raise FetchError(f"{safe_uri(url)}: {why}.") from None


def ask(url: str, *, most: int, timeout: float, private: Collection[str], headers: Mapping[str, str]) -> Answer:
    """Return the answer to a request with headers of its own, such as a credential.

    Redirections are not followed, and no proxy is used: nobody else is shown what the headers hold.

    Args:
        url: an `https://` address.
        most: how many bytes of a body are accepted.
        timeout: how long all of it may take, in seconds.
        private: the names of hosts that may be in a private network.
        headers: more headers than all requests have.

    Raises:
        UnreachableError: its server is not known, or does not answer in time.
        FetchError: it is another kind of address, or the answer is none of HTTP, or too long.
    """
    address = Address.parse(url)
    deadline = time.monotonic() + timeout
    try:
        with _connected(address, private, deadline, is_direct=True) as connection:
            connection.request("GET", address.path, headers={**_HEADERS, **headers})
            with connection.getresponse() as response:
                body = _read(response, most) if response.status == http.client.OK else b""
                return Answer(response.status, _headers(response), body)
    except FetchError as error:
        raise type(error)(f"{safe_uri(url)}: {error}") from None
    except OSError as error:
        raise UnreachableError(f"{safe_uri(url)}: {type(error).__name__}.") from None
    except (http.client.HTTPException, ValueError, OverflowError) as error:
        raise FetchError(f"{safe_uri(url)}: {type(error).__name__}.") from None


def probe(
    url: str, *, timeout: float, private: Collection[str] = (), validators: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str]]:
    """Return how an address answers, without reading what it holds.

    Args:
        url: an `https://` address.
        timeout: how long all of it may take, in seconds.
        private: the names of hosts that may be in a private network.
        validators: headers that make the request conditional (RFC 9110, section 13.1).

    Returns:
        The status, and the headers by their names in lower case. Redirections are not followed, and no proxy is used.

    Raises:
        UnreachableError: its server is not known, or does not answer in time.
        FetchError: it is another kind of address, or the answer is none of HTTP.
    """
    address = Address.parse(url)
    deadline = time.monotonic() + timeout
    try:
        with _connected(address, private, deadline, is_direct=True) as connection:
            connection.request("GET", address.path, headers={**_HEADERS, **(validators or {})})
            with connection.getresponse() as response:
                return response.status, _headers(response)
    except FetchError as error:
        raise type(error)(f"{safe_uri(url)}: {error}") from None
    except OSError as error:
        raise UnreachableError(f"{safe_uri(url)}: {type(error).__name__}.") from None
    except (http.client.HTTPException, ValueError, OverflowError) as error:
        raise FetchError(f"{safe_uri(url)}: {type(error).__name__}.") from None


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return headers by their names in lower case; lists that are there more than once are joined."""
    found: dict[str, str] = {}
    for written, value in response.getheaders():
        name = written.lower()
        found[name] = f"{found[name]}, {value}" if name in _LISTS and name in found else value
    return found


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    if response.status != http.client.OK:
        place = response.getheader("Location") if response.status in _REDIRECTS else None
        raise FetchError(f"the answer is {response.status}{f', to {safe_name(place[:_MOST_NAME])}' if place else ''}.")
    if response.length is not None and response.length > most:
        raise FetchError(f"the answer has more than {most:,} bytes.")
    found = bytearray()
    while block := response.read1(_BLOCK):
        found += block
        if len(found) > most:
            raise FetchError(f"the answer has more than {most:,} bytes.")
    if response.length:
        raise FetchError("the answer ends before its length.")
    return bytes(found)


@contextmanager
def _connected(
    address: Address, private: Collection[str], deadline: float, *, is_direct: bool = False
) -> Iterator[http.client.HTTPSConnection]:
    context = trusting()
    proxy = None if is_direct else _proxy_for(address)
    bare = _open(address, private, deadline, proxy)
    # A second handle on the connection, because TLS takes over the first. The timeout of a socket starts again with
    # every byte, so that a server could drip an answer for ever.
    with bare.dup() as handle, bare:
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _end, (handle,))
        watchdog.daemon = True
        watchdog.start()
        try:
            _tunnel(bare, address, proxy)
            # An end that TLS does not announce is not an end: somebody may have cut the answer off.
            host = address.host.strip("[]")
            with context.wrap_socket(bare, server_hostname=host, suppress_ragged_eofs=False) as secured:
                connection = http.client.HTTPSConnection(address.host, address.port)
                connection.response_class = _Response
                connection.sock = secured
                yield connection
        finally:
            watchdog.cancel()
            watchdog.join()


def _open(
    address: Address, private: Collection[str], deadline: float, proxy: tuple[str, int, str] | None
) -> socket.socket:
    host, port = address.host.strip("[]"), address.port
    if proxy is not None:
        # The proxy looks names up; an address it would merely pass on.
        with suppress(ValueError):
            require_public(address.host, [str(ipaddress.ip_address(host))], private)
        places = resolve_host(proxy[0], proxy[1], seconds=deadline - time.monotonic())
        port = proxy[1]
    else:
        places = resolve_host(host, port, private, seconds=deadline - time.monotonic())
    last: OSError = TimeoutError()
    for left, (family, place) in zip(range(len(places), 0, -1), places, strict=True):
        bare = socket.socket(family, socket.SOCK_STREAM)
        # An address that swallows connections leaves time for the others.
        bare.settimeout(max(0.001, (deadline - time.monotonic()) / left))
        try:
            bare.connect((place, port))
        except OSError as error:
            bare.close()
            last = error
        else:
            bare.settimeout(max(0.001, deadline - time.monotonic()))
            return bare
    raise last


def _proxy_for(address: Address) -> tuple[str, int, str] | None:
    """Return host, port and credentials of the proxy that the environment names."""
    named = urllib.request.getproxies().get("https")
    if not named or urllib.request.proxy_bypass(f"{address.host}:{address.port}"):
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if parts.scheme != "http" or not parts.hostname:
        raise FetchError("the proxy that the environment names is not one of HTTP.")
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username is not None else ""
    return parts.hostname, parts.port or 80, user


def _tunnel(bare: socket.socket, address: Address, proxy: tuple[str, int, str] | None) -> None:
    if proxy is None:
        return
    host = f"{address.host}:{address.port}"
    proof = base64.b64encode(proxy[2].encode()).decode()
    asked = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n" + (
        f"Proxy-Authorization: Basic {proof}\r\n" if proxy[2] else ""
    )
    bare.sendall(f"{asked}\r\n".encode("ascii"))
    answer = b""
    # Byte by byte: what follows the header is TLS already.
    while not answer.endswith(b"\r\n\r\n"):
        byte = bare.recv(1)
        if not byte or len(answer) > _MOST_HEADER:
            raise FetchError("the proxy does not answer as one.")
        answer += byte
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise FetchError("the proxy refuses.")


class _Response(http.client.HTTPResponse):
    """An answer without what a server sends before it, such as early hints (RFC 9110, section 15.2; RFC 8297)."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed does not know it
            if not 100 < status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.BadStatusLine("no answer but interim ones")


def _end(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
