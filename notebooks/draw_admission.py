"""Draw docs/admission-light.png and docs/admission-dark.png: an admission of the demo, as a notebook shows it.

`python notebooks/draw_admission.py` needs chromium and pillow (which comes with matplotlib).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from headgate.demo.company import Company, open_company
from headgate.report import document_page, to_html

DOCS = Path(__file__).parents[1] / "docs"
QUESTION = "How many days of annual leave do I get?"
# By URI and trouble, in the order in which a retriever finds them for the question.
RETRIEVED = (
    ("https://handbook.larkfield.example/leave", "forged"),
    ("https://handbook.larkfield.example/leave", "superseded"),
    ("https://handbook.larkfield.example/leave", None),
    ("https://help.larkfield.example/articles/storage-faq", "undated"),
    ("https://handbook.larkfield.example/parental-leave", None),
)
# What chromium calls a preference for a dark and for a light page.
SCHEMES = {"dark": 0, "light": 1}
WIDTH, TALLEST, MARGIN = 1080, 2_000, 12


def page(company: Company) -> str:
    """Return the page with the admission."""
    chunks = [
        next(d.chunk for d in company.documents if (d.chunk.metadata["source"], d.trouble) == wanted)
        for wanted in RETRIEVED
    ]
    # Twice, because the first one loads what the later ones have.
    company.gate.admit(chunks, QUESTION)
    shown = to_html(company.gate.admit(chunks, QUESTION))
    # A notebook has no footer.
    return document_page("An admission", f"<style>footer{{display:none}}</style>{shown}")


def draw(source: Path, target: Path, scheme: int) -> None:
    """Draw a page, cut to what is on it."""
    browser = shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        command += [f"--user-data-dir={profile}", f"--window-size={WIDTH},{TALLEST}", f"--screenshot={target}"]
        command += [f"--blink-settings=preferredColorScheme={scheme}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - a browser on our own page
    with Image.open(target) as drawn:
        picture = drawn.convert("RGB")
    ground = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, ground).getbbox()
    height = min(picture.height, (box[3] if box else picture.height) + MARGIN)
    picture.crop((0, 0, WIDTH, height)).quantize(64).save(target, optimize=True)


def main() -> None:
    """Draw both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "company").mkdir()
        source = Path(folder) / "admission.html"
        source.write_text(page(open_company(Path(folder) / "company")), encoding="utf-8")
        for name, scheme in SCHEMES.items():
            draw(source, DOCS / f"admission-{name}.png", scheme)


if __name__ == "__main__":
    main()
