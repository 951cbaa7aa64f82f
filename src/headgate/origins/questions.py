"""What is asked of documents' own servers, and what is known of it. No I/O."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from headgate.origins.filesystems import is_file, is_stored
from headgate.registry import Answer

__all__ = ["Asked", "Question"]


class Question(NamedTuple):
    """What is asked.

    Attributes:
        url: the address of a document: of HTTPS, of a file, or of a store.
        after: for how long an answer counts.
        store: what the policy tells the implementation of a store, as a JSON object.
        source: for which source it is asked.
        timeout: how long is waited for it; None for as long as for all of them.
    """

    url: str
    after: timedelta
    store: str = "{}"
    source: str = ""
    timeout: timedelta | None = None

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


class Asked(NamedTuple):
    """What was asked about a document.

    Attributes:
        question: the question.
        answer: the last answer, if there is one.
        problem: why it could not be asked last, if that is known.
    """

    question: Question
    answer: Answer | None = None
    problem: str | None = None
