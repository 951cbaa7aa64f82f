"""One document by HTTPS: from the host that was named, to a bound, within a time."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from headgate.encoding import safe_uri
from headgate.errors import HeadgateError

__all__ = ["FetchError", "fetch"]

_BLOCK = 1 << 16


class FetchError(HeadgateError):
    """A document that could not be fetched."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses to follow: the policy names the host that is believed, not the host whoever answers there names."""

    def redirect_request(self, *_: object) -> None:
        """Return nothing, so that a redirection is an error."""


def fetch(url: str, *, most: int, timeout: float) -> bytes:
    """Return what an address holds.

    Certificates are verified against the system's authorities (`SSL_CERT_FILE` and the usual proxy variables are
    honoured). Redirections are refused.

    Args:
        url: an `https://` address.
        most: how many bytes are accepted.
        timeout: how long all of it may take, in seconds.

    Raises:
        FetchError: it is another kind of address, does not answer in time, or answers with anything but 200 and at
            most so many bytes.
    """
    if not url.startswith("https://"):
        raise FetchError(f"{safe_uri(url)}: only https:// addresses are fetched.")
    ends = time.monotonic() + timeout
    try:
        secure = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        opener = urllib.request.build_opener(secure, _NoRedirects())
        request = urllib.request.Request(url, headers={"Accept": "application/json", "User-Agent": "headgate"})  # noqa: S310 - https
        with opener.open(request, timeout=timeout) as answer:
            if answer.status != http.client.OK:
                raise FetchError(f"{safe_uri(url)}: the answer is {answer.status}.")
            return _read(answer.read1, most, ends, safe_uri(url))
    except urllib.error.HTTPError as error:
        raise FetchError(f"{safe_uri(url)}: the answer is {error.code}.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{safe_uri(url)}: {type(reason).__name__}: {str(reason)[:200]}.") from None


def _read(read: Callable[[int], bytes], most: int, ends: float, shown: str) -> bytes:
    found = bytearray()
    # Block by block, because a server that sends a byte now and then never exceeds the timeout of a single read.
    while block := read(_BLOCK):
        found += block
        if len(found) > most:
            raise FetchError(f"{shown}: the answer has more than {most:,} bytes.")
        if time.monotonic() > ends:
            raise FetchError(f"{shown}: the answer takes too long.")
    return bytes(found)
