"""Work on a corpus by several processes: in blocks, in order, and with one block in memory for each of them."""

from __future__ import annotations

import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from headgate.corpus.item import CorpusItem
from headgate.errors import HeadgateError

__all__ = ["BLOCK", "Worker", "blocks_of", "in_order"]

BLOCK = 1_000
"""How many items are handed to a process at once."""
_BLOCK_CHARS = 16_000_000
Block = TypeVar("Block", bound=Sized)
Result = TypeVar("Result")

# A process that imports headgate afresh takes about as long as working on so many blocks, or so many items.
_FEW, _FEW_ITEMS = 8, 8_000
_PATIENCE = 5.0  # seconds until a worker that was told to end is ended


def in_order(work: Callable[[Block], Result], blocks: Iterable[Block], *, jobs: int) -> Iterator[tuple[Block, Result]]:
    """Yield each block and what `work` makes of it, in the order of the blocks.

    Few blocks are worked on in this process. More are handed to processes that are started afresh, not forked: whoever
    calls may have threads. They end with this one, however it ends. What cannot be handed over, or fails there, is
    worked on here, so that errors are those of one process.

    Args:
        work: can be pickled, if `jobs` is more than 1.
        blocks: of similar size; one for each process is held at a time.
        jobs: how many processes.

    Raises:
        HeadgateError: a worker was ended from outside.
    """
    waiting = iter(blocks)
    first, are_many = _first(waiting) if jobs > 1 else ([], False)
    if are_many:
        yield from _by_workers(work, chain(first, waiting), jobs)
        return
    for block in chain(first, waiting):
        yield block, work(block)


def _first(blocks: Iterator[Block]) -> tuple[list[Block], bool]:
    """Return the first blocks, and whether they are worth several processes."""
    first: list[Block] = []
    items = 0
    for block in blocks:
        first.append(block)
        items += len(block)
        if len(first) == _FEW or items >= _FEW_ITEMS:
            return first, True
    return first, False


def blocks_of(items: Iterable[CorpusItem], size: int = BLOCK, *, is_bounded: bool = True) -> Iterator[list[CorpusItem]]:
    """Yield blocks of so many items, or fewer of long ones."""
    block: list[CorpusItem] = []
    chars = 0
    for item in items:
        block.append(item)
        chars += len(item.chunk.text) if item.chunk is not None else 0
        if len(block) == size or (is_bounded and chars > _BLOCK_CHARS):
            yield block
            block, chars = [], 0
    if block:
        yield block


def _by_workers(work: Callable[[Block], Result], blocks: Iterable[Block], jobs: int) -> Iterator[tuple[Block, Result]]:
    workers: list[Worker] = []
    held: deque[tuple[Worker | None, Block]] = deque()
    try:
        for number, block in enumerate(blocks):
            if number < jobs:
                workers.append(Worker(work))
            if len(held) == jobs:
                yield _finished(work, *held.popleft())
            worker = workers[number % jobs]
            held.append((worker if worker.take(block) else None, block))
        while held:
            yield _finished(work, *held.popleft())
    finally:
        for worker in workers:
            worker.end()


def _finished(work: Callable[[Block], Result], worker: Worker | None, block: Block) -> tuple[Block, Result]:
    done = worker.result() if worker is not None else None
    return block, done[0] if done is not None else work(block)


class Worker:
    """A process that works on one block after the other.

    Args:
        work: what it does with a block.
    """

    def __init__(self, work: Callable[[Any], object]) -> None:
        context = get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(end, work), daemon=True)
        self._process.start()
        # The worker alone has it now, so that each side sees when the other is gone.
        end.close()

    @property
    def pipe(self) -> Connection:
        """What becomes readable when there is a result, or when the process has ended."""
        return self._pipe

    def take(self, block: object) -> bool:
        """Hand a block over, and return whether that is possible; its result has to be fetched before the next one."""
        try:
            data = pickle.dumps(block, pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - whatever objects in metadata raise
            return False
        try:
            self._pipe.send_bytes(data)
        except OSError:
            raise _ended() from None
        return True

    def result(self) -> tuple[Any] | None:
        """Return the result alone in a tuple; None where the work failed.

        Raises:
            HeadgateError: the process has ended.
        """
        try:
            found: tuple[Any] | None = self._pipe.recv()
        except (EOFError, OSError):
            raise _ended() from None
        return found

    def end(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


def _ended() -> HeadgateError:
    return HeadgateError("a worker was ended from outside, perhaps because memory ran out. Try fewer --jobs.")


def _serve(pipe: Connection, work: Callable[[object], object]) -> None:
    # An interruption is for the process that was asked; its end is seen here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            answer = pickle.dumps((work(pickle.loads(data)),))  # noqa: S301 - from the parent, by a pipe of its own
        except Exception:  # noqa: BLE001 - the parent does it again, and raises what it has to
            answer = pickle.dumps(None)
        try:
            pipe.send_bytes(answer)
        except OSError:
            return
