"""`make fuzz`, second part: Atheris looks for bytes that break a target, led by which lines they reach.

Without a target it explores each in a process of its own, one after the other, because libFuzzer ends its process.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path


def explore(name: str, seconds: int, artifacts: Path) -> None:
    """Explore one target; ends the process, with a different code than 0 if something was found."""
    import atheris

    with atheris.instrument_imports(include=["headgate"]):
        from fuzzing.targets import TARGETS
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        # No input takes longer than ten seconds, or more than 2 GB: libFuzzer reports it as found otherwise.
        options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={artifacts}/{name}-", corpus], target.run)
        atheris.Fuzz()


def main() -> None:
    """Explore the targets; exit with 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", help="one of fuzzing.targets; by default all")
    parser.add_argument("--seconds", type=int, default=60, help="how long to look, per target")
    parser.add_argument("--artifacts", type=Path, default=Path("fuzz-out"), help="where what was found is kept")
    wanted = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("Atheris is not installed: it has builds for Linux and for some versions of Python only.")
    wanted.artifacts.mkdir(exist_ok=True)
    if wanted.target:
        explore(wanted.target, wanted.seconds, wanted.artifacts)
        return
    from fuzzing.targets import TARGETS

    found = []
    for name in TARGETS:
        print(f"{name}: {wanted.seconds} s", flush=True)
        arguments = [name, f"--seconds={wanted.seconds}", f"--artifacts={wanted.artifacts}"]
        if subprocess.run([sys.executable, "-m", "fuzzing.explore", *arguments], check=False).returncode:  # noqa: S603
            found.append(name)
    sys.exit(f"Something was found in: {', '.join(found)}; see {wanted.artifacts}/." if found else 0)


if __name__ == "__main__":
    main()
