"""Delta queries of Microsoft Graph: the items of a drive or a list, page by page, and later what was changed."""

from __future__ import annotations

from headgate.encoding import safe_uri
from headgate.origins.feeds.api import Asking
from headgate.origins.feeds.feed import FeedError
from headgate.origins.feeds.items import Found, Named, text_of

__all__ = ["Graph"]


class Graph:
    """What a delta query says during one pull.

    Args:
        asking: asks for its pages.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking, self._start = asking, asking.api.start

    def everything(self) -> tuple[Found, str]:
        """Return all items, and the link to what will be changed."""
        return self.since(self._start)

    def since(self, place: str) -> tuple[Found, str]:
        """Return the items of a link and of the pages behind it, and the link to what will be changed."""
        found, url = Found(), place
        while True:
            page = self._asking.get(url)
            entries = page.get("value")
            if not isinstance(entries, list):
                raise FeedError(f"{safe_uri(self._start)}: a page has no list `value`.")
            for entry in entries:
                self._add(found, entry)
            url = page.get("@odata.nextLink") or ""  # type: ignore[assignment]  # looked at below
            if not url:
                place = text_of(page.get("@odata.deltaLink"), "@odata.deltaLink", self._start)
                self._asking.require_here(place)
                return found, place
            url = text_of(url, "@odata.nextLink", self._start)

    def _add(self, found: Found, entry: object) -> None:
        if not isinstance(entry, dict):
            raise FeedError(f"{safe_uri(self._start)}: an entry is not an object.")
        name = text_of(entry.get("id"), "id", self._start)
        # Lists say it as `@removed`, drives as `deleted`.
        if entry.get("deleted") is not None or entry.get("@removed") is not None:
            found.add(name, None)
            return
        is_folder = entry.get("folder") is not None or entry.get("root") is not None
        uri = text_of(entry.get("webUrl"), "webUrl", self._start)
        found.add(name, Named.of(uri, entry.get("cTag"), entry.get("lastModifiedDateTime"), is_folder=is_folder))
