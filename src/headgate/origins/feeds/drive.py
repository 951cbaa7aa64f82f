"""Google Drive: the files that there are, page by page, and later its log of changes."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from headgate.encoding import safe_uri
from headgate.origins.feeds.api import Asking
from headgate.origins.feeds.feed import FeedError
from headgate.origins.feeds.items import Found, Named, text_of

__all__ = ["Drive"]

_FIELDS = "id,mimeType,webViewLink,modifiedTime,md5Checksum,trashed"
_FOLDER = "application/vnd.google-apps.folder"
_ALL_DRIVES = {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}


class Drive:
    """What a drive says during one pull.

    Args:
        asking: asks for its pages.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking, self._start = asking, asking.api.start
        parts = urlsplit(self._start)
        self._base = parts._replace(query="").geturl().rstrip("/")
        self._query = dict(parse_qsl(parts.query))
        if "driveId" in self._query:
            self._query |= _ALL_DRIVES

    def everything(self) -> tuple[Found, str]:
        """Return all files, and the token of the changes from before they were listed."""
        page = self._get("changes/startPageToken")
        place = text_of(page.get("startPageToken"), "startPageToken", self._start)
        found, token = Found(), ""
        corpora = {"corpora": "drive"} if "driveId" in self._query else {}
        while True:
            wanted = {"pageSize": "1000", "fields": f"nextPageToken,files({_FIELDS})", "q": "trashed = false"}
            page = self._get("files", **corpora, **wanted, **({"pageToken": token} if token else {}))
            for file in self._entries(page, "files"):
                self._add(found, file.get("id"), file)
            if page.get("nextPageToken") is None:
                return found, place
            token = text_of(page["nextPageToken"], "nextPageToken", self._start)

    def since(self, place: str) -> tuple[Found, str]:
        """Return the files that were changed since a token, and the next token."""
        found, token = Found(), place
        fields = f"nextPageToken,newStartPageToken,changes(fileId,removed,file({_FIELDS}))"
        while True:
            page = self._get("changes", pageToken=token, pageSize="1000", includeRemoved="true", fields=fields)
            for change in self._entries(page, "changes"):
                if change.get("fileId") is not None:  # others are about a drive
                    self._add(found, change["fileId"], None if change.get("removed") else change.get("file"))
            if page.get("nextPageToken") is None:
                return found, text_of(page.get("newStartPageToken"), "newStartPageToken", self._start)
            token = text_of(page["nextPageToken"], "nextPageToken", self._start)

    def _get(self, name: str, **query: str) -> dict[str, object]:
        query = {**self._query, **query}
        return self._asking.get(f"{self._base}/{name}{'?' if query else ''}{urlencode(query)}")

    def _entries(self, page: dict[str, object], name: str) -> list[dict[str, object]]:
        entries = page.get(name)
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise FeedError(f"{safe_uri(self._start)}: a page has no list `{name}` of objects.")
        return entries

    def _add(self, found: Found, name: object, file: object) -> None:
        name = text_of(name, "id", self._start)
        if not isinstance(file, dict) or file.get("trashed"):
            found.add(name, None)
            return
        uri = text_of(file.get("webViewLink"), "webViewLink", self._start)
        is_folder = file.get("mimeType") == _FOLDER
        found.add(name, Named.of(uri, file.get("md5Checksum"), file.get("modifiedTime"), is_folder=is_folder))
