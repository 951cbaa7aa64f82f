"""Which places on the network may be reached: HTTPS, by name, and nothing private unless the policy opens it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from typing_extensions import Self

from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.origins.looking_up import look_up
from headgate.policy.hosts import normalise_host

__all__ = ["Address", "FetchError", "UnreachableError", "require_public", "resolve_host"]

_URL_CHARS = 2_048
_HTTPS = 443
# Networks of IPv6 whose last 32 bits are an address of IPv4: NAT64 (RFC 6052), IPv4-compatible (RFC 4291, 2.5.5.1),
# translated (RFC 2765).
_CARRIERS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# What `ipaddress` takes for global in some versions of Python, or what is global and yet inside of a provider: protocol
# assignments (RFC 6890), 6to4 relays (RFC 7526), local NAT64 (RFC 8215), site-local (RFC 3879), segment routing
# (RFC 9602), and the addresses at which Azure's machines are told their secrets.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "64:ff9b:1::/48", "fec0::/10", "5f00::/16", "100::/64"),
    )
)


class FetchError(HeadgateError):
    """A document that could not be fetched."""


class UnreachableError(FetchError):
    """A server that could not be reached, whatever it was asked for."""


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


def resolve_host(
    host: str, port: int, private: Collection[str] | None = None, *, seconds: float = 10.0
) -> list[tuple[int, str]]:
    """Return the network addresses of a host, each with its family.

    Args:
        host: its name.
        port: of the service.
        private: the names of hosts that may be in a private network; None for any.
        seconds: how long to wait.

    Raises:
        UnreachableError: the host is not known, or not found in that time.
        FetchError: it is in a private network and not opened.
    """
    try:
        places = look_up(host, port, seconds)
    except TimeoutError:
        raise UnreachableError(f"the host {host} was not found in time; the look-up of names hangs.") from None
    except BlockingIOError:
        raise UnreachableError(f"the host {host} was not looked up; the look-ups of too many others hang.") from None
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"the host {host} is not known ({type(error).__name__}).") from None
    if private is not None:
        require_public(host, [place for _, place in places], private)
    return places


def require_public(host: str, places: Collection[str], private: Collection[str]) -> None:
    """Raise if a host leads into a private network.

    A name that leads to one private address leads nowhere: which one a connection takes is not for others to choose.

    Raises:
        FetchError: it does, and the policy does not name it as private.
    """
    if host not in private and not all(map(_is_public, places)):
        raise FetchError(
            f"the host {host} is in a private network, and the policy does not name it under key_sets.private."
        )


def _is_public(place: str) -> bool:
    found = ipaddress.ip_address(place.partition("%")[0])
    # IPv6 can carry an address of IPv4, and what is behind that counts.
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if any(found in network for network in _CARRIERS):
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return all(one is None or _is_ordinary(one) for one in (found, inner))


def _is_ordinary(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _SPECIAL)
