"""Work on fragments by several processes, as each is ready; one that is killed costs its fragment and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import wait

from headgate.corpus.datasets.fragments import Fragment
from headgate.corpus.datasets.parts import Failure, Part, PartWork
from headgate.corpus.working import Worker
from headgate.errors import HeadgateError

__all__ = ["each"]


def each(work: PartWork, fragments: Sequence[Fragment], workers: int) -> Iterator[Part | Failure]:
    """Yield what came of each fragment, in the order in which they are finished.

    A fragment whose worker is killed, as systems do because memory is short, is worked on once more when all others are
    done, by one process alone. If that is killed too, it is a failure.

    Args:
        work: what is done with a fragment; can be pickled, and never raises.
        fragments: what is to be done.
        workers: how many processes; with 0, this one does it.
    """
    if workers == 0:
        yield from map(work, fragments)
        return
    killed: list[Fragment] = []
    for fragment, found in _by_workers(work, fragments, min(workers, len(fragments))):
        if found is None:
            killed.append(fragment)
        else:
            yield found
    for fragment, found in _by_workers(work, killed, min(1, len(killed))):
        reason = "the process that worked on it was killed twice, perhaps because memory is short"
        yield found if found is not None else Failure(fragment.name, reason)


def _by_workers(
    work: PartWork, fragments: Sequence[Fragment], workers: int
) -> Iterator[tuple[Fragment, Part | Failure | None]]:
    """Yield each fragment and what came of it; None where its worker was killed."""
    waiting = deque(fragments)
    busy: dict[object, tuple[Worker, Fragment]] = {}
    idle: list[Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                worker = idle.pop() if idle else Worker(work)
                fragment = waiting.popleft()
                busy[worker.pipe] = worker, fragment
                with suppress(HeadgateError):  # it was killed while it waited; its pipe says so
                    worker.take(fragment)
            for pipe in wait([worker.pipe for worker, _ in busy.values()]):
                worker, fragment = busy.pop(pipe)
                found = _result(worker)
                if found is None:
                    worker.end()
                else:
                    idle.append(worker)
                yield fragment, found
    finally:
        for worker in (*idle, *(one for one, _ in busy.values())):
            worker.end()


def _result(worker: Worker) -> Part | Failure | None:
    try:
        found = worker.result()
    except HeadgateError:
        return None
    return found[0] if found is not None else None
