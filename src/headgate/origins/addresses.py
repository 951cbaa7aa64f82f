"""Which places on the network may be reached: HTTPS, by name, and nothing private unless the policy opens it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from typing_extensions import Self

from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.policy.hosts import normalise_host

__all__ = ["Address", "FetchError", "require_public", "resolve_host"]

_URL_CHARS = 2_048
_HTTPS = 443
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(HeadgateError):
    """A document that could not be fetched."""


@dataclass(frozen=True, slots=True)
class Address:
    """A place that is asked by HTTPS.

    Attributes:
        host: its name, in lower case and ASCII.
        port: its port.
        path: what is asked for, with the query.
    """

    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the address that a URL names.

        Raises:
            FetchError: it is not one of HTTPS, or names a user.
        """
        if len(url) > _URL_CHARS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise FetchError("this is not a URL of printable ASCII characters.")
        try:
            parts = urlsplit(url)
            host, port = normalise_host(parts.hostname or ""), parts.port
        except ValueError:
            raise FetchError(f"{safe_uri(url)}: this is not a URL.") from None
        if parts.scheme != "https":
            raise FetchError(f"{safe_uri(url)}: only https:// addresses are fetched.")
        if "@" in parts.netloc or not host or parts.fragment:
            raise FetchError(f"{safe_uri(url)}: it names a user, a fragment or no host.")
        return cls(host, port or _HTTPS, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def resolve_host(host: str, port: int, private: Collection[str] | None = None) -> list[tuple[int, str]]:
    """Return the network addresses of a host, each with its family.

    Args:
        host: its name.
        port: of the service.
        private: the names of hosts that may be in a private network; None for any.

    Raises:
        FetchError: the host is not known, or in a private network and not opened.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"the host {host} is not known ({type(error).__name__}).") from None
    places = list(dict.fromkeys((int(entry[0]), str(entry[4][0])) for entry in found))
    if private is not None:
        require_public(host, [place for _, place in places], private)
    return places


def require_public(host: str, places: Collection[str], private: Collection[str]) -> None:
    """Do nothing unless a host leads into a private network.

    A name that leads to one private address leads nowhere: which one a connection takes is not for others to choose.

    Raises:
        FetchError: it does, and the policy does not open it.
    """
    if host not in private and not all(map(_is_public, places)):
        raise FetchError(
            f"the host {host} is in a private network, and key_sets.private (or --private) does not name it."
        )


def _is_public(place: str) -> bool:
    found = ipaddress.ip_address(place.partition("%")[0])
    # IPv6 can carry an address of IPv4, and what is behind that counts.
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if found.version == 6 and found in _NAT64:
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return all(one.is_global and not one.is_multicast for one in (found, inner) if one is not None)
