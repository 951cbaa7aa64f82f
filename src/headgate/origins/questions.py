"""What is asked of documents' own servers, and what is known of it. No I/O."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from headgate.freshness import shift
from headgate.origins.filesystems import is_file, is_stored
from headgate.provenance.validators import Validators
from headgate.registry import Answer

__all__ = ["Asked", "Question"]

_AT_ONCE = timedelta(seconds=1)
# From this share on of the time that an answer counts, it is renewed in the background; not for all at once.
_AHEAD, _SPREAD = 0.7, 0.2


class Question(NamedTuple):
    """What is asked.

    Attributes:
        url: the address of a document: of HTTPS, of a file, or of a store.
        after: for how long an answer counts.
        store: what the policy tells the implementation of a store, as a JSON object.
        source: for which source it is asked.
        timeout: how long is waited for it; None for as long as for all of them.
        written: as of when the text is what it is, if that is known: an answer from before is not about it.
        sealed: when it was sealed, if it was.
        validators: what the origin said with the content that was sealed, if that is known.
        heeds_server: whether an answer counts no longer than its server lets a cache keep it (RFC 9111).
    """

    url: str
    after: timedelta
    store: str = "{}"
    source: str = ""
    timeout: timedelta | None = None
    written: datetime | None = None
    sealed: datetime | None = None
    validators: Validators | None = None
    heeds_server: bool = True

    def key(self, folder: Path) -> str:
        """Return what tells it from questions that may have another answer.

        Args:
            folder: where the relative paths of files begin, as an absolute path.
        """
        if is_file(self.url):
            return f"{self.url}\n{folder}"
        return f"{self.url}\n{self.store}" if is_stored(self.url) else self.url

    @property
    def server(self) -> str:
        """Who is asked: a host with its port, a bucket with how it is reached; empty for the file system."""
        if is_file(self.url):
            return ""
        host = urlsplit(self.url).netloc
        return f"{self.url.partition(':')[0]}://{host}\n{self.store}" if is_stored(self.url) else host

    def lasts(self, answer: Answer) -> timedelta:
        """Return for how long an answer counts: as long as the policy says, or less if its server wants that.

        A second at least: what is asked at the same time is asked once.
        """
        if answer.lasts is None or not self.heeds_server:
            return self.after
        return min(self.after, max(answer.lasts, _AT_ONCE))

    def renewed_at(self, answer: Answer) -> datetime:
        """Return from when on it is asked again in the background, though the answer counts."""
        share = _AHEAD + _SPREAD * (zlib.crc32(self.url.encode()) % 1_000) / 1_000
        return shift(answer.at, self.lasts(answer) * share)

    def is_met_by(self, answer: Answer, now: datetime) -> bool:
        """Return whether an answer counts: it is young enough, and about this very text."""
        return self.is_subject_of(answer) and now - answer.at < self.lasts(answer)

    def is_subject_of(self, answer: Answer) -> bool:
        """Return whether an answer is about this text: given after it was written, or about what was sealed."""
        if self.written is None or answer.at >= self.written:
            return True
        return self.validators is not None and self.validators.compare(answer.etag, answer.stated) == "same"


class Asked(NamedTuple):
    """What was asked about a document.

    Attributes:
        question: the question.
        answer: the last answer, if there is one.
        problem: why it could not be asked last, if that is known.
        key: what tells the question from those that may have another answer.
    """

    question: Question
    answer: Answer | None = None
    problem: str | None = None
    key: str = ""
