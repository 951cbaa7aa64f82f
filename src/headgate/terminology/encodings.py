"""From the bytes of a glossary file to its text, whatever program saved it; no encoding is guessed."""

from __future__ import annotations

import codecs

from headgate.errors import PolicyError

__all__ = ["decode"]

_MARKS = (  # the longer ones first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHOWN_CHARS = 40
_HEAD = 1_024


def decode(data: bytes, encoding: str | None = None) -> str:
    """Return the text of a file: UTF-8, or UTF-16 or UTF-32 as its byte order mark says.

    Args:
        data: the file.
        encoding: what it is in, where its reader knows.

    Raises:
        PolicyError: it is in another encoding; the message says how the line would read in the most frequent one.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    name = encoding or marked or "utf-8"
    # Half of the bytes of plain letters in UTF-16 are zero, and also UTF-8.
    if encoding is None and marked is None and data[:_HEAD].count(0) * 4 > len(data[:_HEAD]):
        raise PolicyError("this looks like UTF-16 without a byte order mark.", "Save the file as UTF-8.", line=1)
    try:
        return data.decode(name)
    except LookupError:
        raise PolicyError(f"there is no encoding {name[:40]!r}.", "Write utf-8, windows-1252 or utf-16.") from None
    except UnicodeDecodeError as error:
        if name != "utf-8":
            raise PolicyError(f"byte {error.start} is not {name}.", "Save the file as UTF-8.") from None
        raise _not_utf8(data, error.start) from None


def _not_utf8(data: bytes, position: int) -> PolicyError:
    if 0 in data[:_HEAD]:
        return PolicyError("this is not a text file.", "Name a glossary: YAML, JSON, CSV, Solr synonyms, a Vale rule.")
    begin = data.rfind(b"\n", 0, position) + 1
    end = data.find(b"\n", position)
    around = data[max(begin, position - _SHOWN_CHARS // 2) : min(len(data) if end < 0 else end, position + 20)]
    shown = around.decode("cp1252", "replace").strip()
    return PolicyError(
        f"byte {position} is not UTF-8. As Windows-1252, as Excel saves CSV in Western Europe, it reads {shown!r}.",
        "Save it as `CSV UTF-8`, or convert it: headgate glossary convert FILE --encoding windows-1252 --out NEW.",
        line=data.count(b"\n", 0, position) + 1,
    )
