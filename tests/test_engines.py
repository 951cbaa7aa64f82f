"""The same Parquet through the kernel itself, Ray Data and Spark: the same rows. `make test-engines` installs both."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from headgate.provenance import generate_signing_key
from headgate.testing import FixedClock, Publisher

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
# Engines start processes of their own, which speak over loopback.
pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("ignore")]
ROWS = 400


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sealed, old, unsigned, changed and unreadable rows in several files, with a policy and a key beside them."""
    folder = tmp_path_factory.mktemp("corpus")
    docs = Publisher("docs", "https://docs.example/**", FixedClock(NOW))
    rows = []
    for number in range(ROWS):
        page = f"https://docs.example/{number % 50}"
        modified = NOW - timedelta(days=number % 130)
        chunk = docs.seal(f"Paragraph {number} about K8s.", page, {"source": page}, modified=modified)
        text, metadata = chunk.text, dict(chunk.metadata)
        if number % 7 == 0:
            text += "!"
        elif number % 11 == 0:
            metadata = {"source": page, "last_modified": modified.isoformat()}
        rows.append(
            {
                "id": f"row-{number}",
                "text": text if number % 61 else None,
                "metadata": json.dumps(metadata) if number % 67 else "no JSON",
            }
        )
    (folder / "in").mkdir()
    for start in range(0, ROWS, 100):
        pq.write_table(pa.Table.from_pylist(rows[start : start + 100]), folder / "in" / f"{start:03}.parquet")
    source = docs.source(freshness={"max_age": "90d"}, terminology=["glossary.json"])
    (folder / "glossary.json").write_text(json.dumps({"terms": {"Kubernetes": ["K8s"]}}))
    (folder / "headgate.yaml").write_text(json.dumps({"version": 1, "sources": [source]}))
    return folder


@pytest.fixture(scope="module")
def judge(corpus: Path) -> Any:
    from headgate.corpus.kernel import JudgeRows

    return JudgeRows(corpus / "headgate.yaml", NOW)


@pytest.fixture(scope="module")
def judged(corpus: Path, judge: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the embedded runner makes of the corpus."""
    from headgate.corpus import datasets

    out = tmp_path_factory.mktemp("judged")
    datasets.run(judge, str(corpus / "in"), out, workers=0, has_places=False)
    rows = in_order(row for part in sorted(out.rglob("*.parquet")) for row in pq.read_table(part).to_pylist())
    assert len(rows) == ROWS
    assert {row["action"] for row in rows} == {"admit", "drop"}
    assert any(row["problem"] for row in rows)
    assert any(row["edits"] for row in rows)
    return rows


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="Ray is not installed: make test-engines")
    pytest.importorskip("ray.data")
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        logging_level="ERROR",
        log_to_driver=False,
        object_store_memory=100_000_000,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed: make test-engines")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("there is no Java, so Spark was not tried")
    # By default its workers run whatever is called python3 on the path.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()


def in_order(rows: Any) -> list[dict[str, Any]]:
    # A row that cannot be read has an identifier all the same, or is like every other such row.
    return sorted(rows, key=lambda row: (row["id"] or "", row["problem"] or ""))


def test_ray_judges_alike(ray: Any, corpus: Path, judge: Any, judged: list[dict[str, Any]]) -> None:
    from headgate.corpus.engines.ray import map_rows

    found = map_rows(ray.data.read_parquet(str(corpus / "in")), judge, workers=2, batch_size=64)
    tables = list(found.iter_batches(batch_format="pyarrow"))
    assert in_order(row for table in tables for row in table.to_pylist()) == judged


def test_spark_judges_alike(spark: Any, corpus: Path, judge: Any, judged: list[dict[str, Any]], tmp_path: Path) -> None:
    from headgate.corpus.engines.spark import map_rows

    found = map_rows(spark.read.parquet(str(corpus / "in")), judge)
    found.write.parquet(str(tmp_path / "out"))
    table = pq.read_table(tmp_path / "out")
    assert in_order(table.cast(judge.schema_for(None)).to_pylist()) == judged


@pytest.fixture(scope="module")
def key(corpus: Path) -> Path:
    path = corpus / "key.jwk.json"
    path.write_text(json.dumps(generate_signing_key("docs").private_jwk()))
    return path


def sealed_texts(rows: Any) -> list[tuple[Any, Any]]:
    return sorted((row["id"], bool(row["headgate_seal"])) for row in rows)


def test_both_seal_alike(ray: Any, spark: Any, corpus: Path, key: Path) -> None:
    from headgate.corpus.engines import ray as on_ray
    from headgate.corpus.engines import spark as on_spark
    from headgate.corpus.kernel import SealRows

    seal = SealRows(key, "docs")
    expected = sealed_texts(seal(pq.read_table(corpus / "in")).to_pylist())
    assert {is_sealed for _, is_sealed in expected} == {True, False}
    by_ray = on_ray.map_rows(ray.data.read_parquet(str(corpus / "in")), seal, workers=1).take_all()
    by_spark = on_spark.map_rows(spark.read.parquet(str(corpus / "in")), seal).collect()
    assert sealed_texts(by_ray) == expected
    assert sealed_texts(row.asDict() for row in by_spark) == expected


def test_a_worker_with_another_policy_refuses(ray: Any, corpus: Path, judge: Any, tmp_path: Path) -> None:
    from headgate.corpus.engines.ray import map_rows
    from headgate.corpus.kernel import JudgeRows

    path = tmp_path / "headgate.yaml"
    shutil.copy(corpus / "headgate.yaml", path)
    (tmp_path / "glossary.json").write_text((corpus / "glossary.json").read_text())
    planned = JudgeRows(path, NOW)
    (tmp_path / "glossary.json").write_text(json.dumps({"terms": {"Kubernetes": ["K8s", "kube"]}}))
    with pytest.raises(Exception, match="planned with the policy revision"):
        map_rows(ray.data.read_parquet(str(corpus / "in")), planned, workers=1).take_all()


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_without_the_engine_the_extra_is_named(engine: str) -> None:
    from headgate import HeadgateError

    if find_spec({"ray": "ray", "spark": "pyspark"}[engine]) is not None:
        pytest.skip("it is installed")
    with pytest.raises(HeadgateError, match=rf"headgate\[{engine}\]"):
        __import__(f"headgate.corpus.engines.{engine}")
