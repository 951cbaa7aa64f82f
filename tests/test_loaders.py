"""What the usual loaders write, read as it is meant: a case for each line of the table."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from headgate.freshness import CATALOGUE, find_entry, find_time_like, resolve_timestamps
from headgate.freshness.catalogue import AGE_ROLES, SIDE_ROLES, present_roles
from headgate.freshness.entries import NO_KEYS
from headgate.freshness.loaders import Loader, known_loaders, loader_table
from headgate.policy import MetadataKeys

UTC = timezone.utc
PAGE = Path(__file__).parents[1] / "docs" / "times.md"
# In every example a time is of its role: what was meant can be told from what was read.
MEANT = {
    "modified": datetime(2025, 3, 4, 8, 30, tzinfo=UTC),
    "created": datetime(2023, 1, 9, 9, tzinfo=UTC),
    "published": datetime(2024, 6, 10, 12, tzinfo=UTC),
}


@pytest.mark.parametrize("loader", known_loaders(), ids=lambda loader: f"{loader.framework} {loader.name}")
def test_what_a_loader_writes_is_read_as_it_is_meant(loader: Loader) -> None:
    times = resolve_timestamps(loader.metadata, keys=MetadataKeys(timezone="UTC"))
    found = find_entry(loader.metadata, "source")
    assert (found[0] if found else None) == loader.source
    basis = times.age_basis()
    assert (basis[0] if basis else None) == loader.age_from
    assert not {"valid_from", "valid_until", "review_by", "superseded_by"} & set(times.intervals)
    assert not times.unread
    present = present_roles(loader.metadata, NO_KEYS)
    for time in loader.times:
        assert time.key in loader.metadata or time.role == "named"
        if time.role in AGE_ROLES:
            interval = times.intervals[time.role]
            assert times.evidence[time.role].key == time.key
            assert interval.earliest <= MEANT[time.role] <= interval.latest
            anywhere = resolve_timestamps(loader.metadata).intervals[time.role]
            assert anywhere.has_zone == time.has_zone
        elif time.role == "named":
            named = resolve_timestamps(loader.metadata, keys=MetadataKeys(modified=(time.key,)))
            assert named.modified == MEANT["modified"]
        elif time.role in SIDE_ROLES:
            assert time.key not in {evidence.key for evidence in times.evidence.values()}
        elif time.role != "job":
            assert time.key in present[time.role]


def test_a_loaders_own_times_count_where_the_policy_names_them() -> None:
    for loader in known_loaders():
        for time in loader.times:
            if time.role in ("file_time", "fetched", "indexed", "accessed") and time.has_zone is not None:
                times = resolve_timestamps(loader.metadata, keys=MetadataKeys(modified=(time.key,), timezone="UTC"))
                assert times.modified is not None, (loader.name, time.key)
                assert times.modified.date().isoformat() == "2026-05-30"


def test_the_table_knows_as_many_loaders_as_it_promises() -> None:
    names = {(loader.framework, loader.name.partition(",")[0]) for loader in known_loaders()}
    assert len(names) >= 100
    assert {framework for framework, _ in names} == {"LangChain", "LlamaIndex"}
    assert sum(framework == "LlamaIndex" for framework, _ in names) >= 35


@pytest.mark.parametrize("role", SIDE_ROLES)
def test_a_time_of_a_copy_never_stands_in_for_a_modification(role: str) -> None:
    for key in (*CATALOGUE[role], *(["@timestamp"] if role == "indexed" else [])):
        times = resolve_timestamps({key: "2026-05-30T00:00:00Z"})
        assert times.age_basis() is None, key
        assert find_time_like({key: "2026-05-30T00:00:00Z"}) == (key,)
        assert resolve_timestamps({key: "2026-05-30T00:00:00Z"}, keys=MetadataKeys(modified=(key,))).modified, key


@pytest.mark.parametrize(
    "pair",
    [
        ("createdTime", "modifiedTime"),
        ("created_at", "updated_at"),
        ("createdOn", "updatedOn"),
        ("created_date", "modified_date"),
        ("dateCreated", "dateModified"),
        ("createTime", "updateTime"),
        ("creation_date", "modification_date"),
        ("sys_created_on", "sys_updated_on"),
        ("content_created_at", "content_modified_at"),
        ("CreationDate", "ModDate"),
        ("created_ts", "updated_ts"),
        ("_created_at", "_last_updated_at"),
        ("metadata_creation_date", "metadata_last_modified"),
        ("createdDateTime", "lastModifiedDateTime"),
    ],
)
def test_both_halves_of_a_pair_are_known(pair: tuple[str, str]) -> None:
    times = resolve_timestamps({pair[0]: "2023-01-09T09:00:00Z", pair[1]: "2025-03-04T08:30:00Z"})
    assert (times.created, times.modified) == (MEANT["created"], MEANT["modified"])


def test_what_a_loaders_habit_lifts_is_lifted_by_evidence_of_the_same_kind_only() -> None:
    job: dict[str, object] = {"source": "extract", "urls": ["https://a.example"], "status": "completed"}
    ended = {**job, "expires_at": "2020-01-01T00:00:00Z"}
    assert resolve_timestamps(ended).valid_until is None
    assert resolve_timestamps({**ended, "expires": "2020-01-01"}).valid_until is not None
    assert resolve_timestamps({**ended, "source": "https://a.example"}).valid_until is not None
    for covered in ((), ("expires_at",), ("expires_at", "urls", "status")):
        assert resolve_timestamps(ended, covered=covered, evidence="sealed").valid_until is not None
    assert resolve_timestamps(ended, covered=("expires_at",)).valid_until is not None
    assert resolve_timestamps(ended, covered=tuple(ended), evidence="sealed").valid_until is None
    folder = {"file_path": "/a", "file_name": "a", "file_type": "t", "file_size": 1, "last_modified_date": "2020-01-01"}
    assert resolve_timestamps(folder).modified is None
    assert resolve_timestamps(folder, covered=("last_modified_date",)).modified is not None


def test_the_format_of_a_loader_is_known_and_of_no_other() -> None:
    paper = {"Title of this paper": "t", "Date published": "03/04/2025"}
    keys = MetadataKeys(timezone="UTC", date_order="DMY")
    assert resolve_timestamps(paper, keys=keys).published == datetime(2025, 3, 4, tzinfo=UTC)
    del paper["Title of this paper"]
    assert resolve_timestamps(paper, keys=keys).published == datetime(2025, 4, 3, tzinfo=UTC)
    assert resolve_timestamps(paper).published is None


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"source": "/scratch/tmpab12cd34/leave.docx"}, None),
        ({"source": "/var/folders/x/T/tmpab12cd34.pdf", "url": "https://a.example/x"}, ("url", "https://a.example/x")),
        ({"source": "/srv/tmpfiles/leave.docx"}, ("source", "/srv/tmpfiles/leave.docx")),
        ({"source": "leave.md", "path": "vault/leave.md"}, ("path", "vault/leave.md")),
        ({"source": "leave.md", "path": "vault/other.md"}, ("source", "leave.md")),
        ({"source": "https://a.example/leave.md", "path": "x/leave.md"}, ("source", "https://a.example/leave.md")),
    ],
)
def test_a_loaders_copy_is_no_source_and_a_bare_name_has_its_path_beside_it(
    metadata: dict[str, object], found: tuple[str, str] | None
) -> None:
    assert find_entry(metadata, "source") == found
    own = MetadataKeys(source=("source",))
    assert find_entry(metadata, "source", own) == ("source", metadata["source"])


def test_the_page_has_the_table_of_keys_and_the_table_of_loaders() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert loader_table() in page
    for role, keys in CATALOGUE.items():
        assert f"| `{role}` | {', '.join(f'`{key}`' for key in keys)} |\n" in page
