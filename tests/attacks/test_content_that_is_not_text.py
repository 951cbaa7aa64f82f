"""Law 3: all that reaches the model is content, and what no seal covers stays out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate import Chunk, Gate
from headgate.encoding import digest_label
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGE = "https://docs.example/a"
GATE = Gate({"sources": [DOCS.source()]}, clock=CLOCK)
PICTURE, OTHER = digest_label(b"a picture"), digest_label(b"another picture")


def sealed(chunk: Chunk, cover: tuple[str, ...] = ()) -> Chunk:
    return DOCS.sealer.seal(replace(chunk, metadata={"source": PAGE, **chunk.metadata}), subject=PAGE, cover=cover)


def codes(chunk: Chunk) -> tuple[str, ...]:
    return GATE.admit([chunk]).decisions[0].codes


def test_a_sealed_picture_is_admitted_with_its_text() -> None:
    admission = GATE.admit([sealed(Chunk("caption", media={"image": PICTURE}))])
    assert admission.decisions[0].admitted
    assert admission.chunks[0].media == {"image": PICTURE}


@pytest.mark.parametrize(
    ("media", "code"),
    [
        ({"image": OTHER}, "P105"),
        ({}, "P105"),
        ({"image": None}, "P105"),
        ({"picture": PICTURE}, "P105"),
        ({"image": PICTURE, "audio": OTHER}, "P116"),
        ({"image": PICTURE, "link": None}, "P116"),
    ],
    ids=["exchanged", "removed", "now a reference", "renamed", "one more", "an address more"],
)
def test_other_content_beside_the_sealed_text_stays_out(media: dict[str, str | None], code: str) -> None:
    admission = GATE.admit([replace(sealed(Chunk("caption", media={"image": PICTURE})), media=media)])
    assert not admission.chunks
    assert code in admission.decisions[0].codes


@pytest.mark.parametrize("digest", [None, PICTURE, "", "sha-256:x"])
def test_a_seal_over_the_caption_alone_admits_no_picture(digest: str | None) -> None:
    assert "P116" in codes(replace(sealed(Chunk("caption")), media={"image": digest}))


def test_what_has_no_digest_is_never_covered() -> None:
    chunk = sealed(Chunk("caption", media={"link": None}))
    assert codes(chunk) == ("P116",)


def test_a_metadata_entry_cannot_pose_as_a_picture() -> None:
    with pytest.raises(ValueError, match="begins with 'media:'"):
        sealed(Chunk("caption", {"media:image": PICTURE}), cover=("media:image",))
    chunk = sealed(Chunk("caption", media={"image": PICTURE}))
    posing = replace(chunk, metadata={**chunk.metadata, "media:image": PICTURE}, media={})
    assert "P105" in codes(posing)


def test_the_same_text_and_metadata_with_another_picture_is_judged_anew() -> None:
    chunk = sealed(Chunk("caption", media={"image": PICTURE}))
    for media, is_admitted in (({"image": PICTURE}, True), ({"image": OTHER}, False), ({"image": PICTURE}, True)):
        assert GATE.admit([replace(chunk, media=media)]).decisions[0].admitted is is_admitted


@pytest.mark.parametrize("require", ["declared", "none"])
def test_a_source_that_requires_no_proof_takes_pictures_as_it_takes_text(require: str) -> None:
    gate = Gate({"sources": [{"id": "d", "match": [PAGE], "provenance": {"require": require}}]}, clock=CLOCK)
    assert gate.admit([Chunk("caption", {"source": PAGE}, media={"image": None})]).decisions[0].codes == ()
