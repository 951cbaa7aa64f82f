"""Shared by all tests: no network, a clock that stands still, publishers with keys."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from functools import lru_cache
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

from headgate.admission.releases import RELEASES
from headgate.testing import FixedClock, Publisher

# One conftest for all distributions; each adds its own fixtures under a name of its own. An sdist has only its own.
pytest_plugins = [
    name
    for name in ("database_fixtures", "fleets", "langchain_fixtures", "llamaindex_fixtures", "origin_fixtures")
    if find_spec(name)
]

# `make test` draws the same examples every time and remembers none; `make test-deep` draws others, and many more.
_ALL = list(HealthCheck)
settings.register_profile(
    "default", max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=_ALL
)
settings.register_profile(
    "mutants", max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=_ALL
)
settings.register_profile("deep", max_examples=10_000, deadline=None, suppress_health_check=_ALL)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# Audit mode records in the user's state folder by default; tests/test_trail.py names a folder of its own.
os.environ["HEADGATE_STATE"] = "off"
# What is printed is as wide as that says, where it is set.
os.environ.pop("COLUMNS", None)
# Haystack else tells its makers that it was used.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

_REMEMBERING = type(lru_cache(str))


_CACHE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep indexes of manifests out of the user's cache folder, and event loops out of the main thread."""
    # LlamaIndex else takes the one that Python makes where nobody has said so, and nobody closes it.
    asyncio.set_event_loop(None)
    config.stash[_CACHE] = os.environ["HEADGATE_CACHE"] = tempfile.mkdtemp(prefix="headgate-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_CACHE], ignore_errors=True)


def pytest_runtest_setup() -> None:
    """Begin every test with empty caches and no memory of releases, so that what it shows is computed in it.

    Otherwise what an earlier test left behind answers, and a changed function (`make mutants`) is not even called.
    """
    RELEASES.forget()
    for name, module in sys.modules.copy().items():  # a copy at once: a finaliser may import something
        if name.partition(".")[0] == "headgate":
            for value in list(vars(module).values()):
                if isinstance(value, _REMEMBERING):
                    value.cache_clear()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def handbook(clock: FixedClock) -> Publisher:
    return Publisher("handbook", ["https://handbook.example/**", "file:handbook/**"], clock)


@pytest.fixture
def prices(clock: FixedClock) -> Publisher:
    return Publisher("prices", "s3://prices/**", clock)


@pytest.fixture
def offline_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real tiktoken encoding that needs no download: every byte is a token."""
    import tiktoken

    ranks = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding(
        "bytes", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 256}
    )
    monkeypatch.setattr(tiktoken, "get_encoding", lambda _: encoding)
