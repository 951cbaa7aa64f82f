"""What becomes of a gate that is copied or serialised."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import Self

from headgate.admission.deciding import InForce
from headgate.errors import PolicyError
from headgate.record.summary import TraceInner

__all__ = ["Carried"]


class Carried:
    """A gate as it is carried along: copied by reference, serialised as its policy's path and revision."""

    trace_inner: TraceInner | None
    _path: Path | None
    _in_force: InForce

    # A copy of a component decides with the very gate of the original: its memory, its log, its reloads.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> dict[str, object]:
        return {
            "policy": self._path if self._path is not None else self._in_force.written,
            "revision": self._in_force.revision.digest,
            "clock": self._in_force.clock,
            "limits": self._in_force.limits,
            "sinks": self._in_force.recorder.sinks,
            "trace_inner": self.trace_inner,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        revision = state.pop("revision")
        self.__init__(**state)  # type: ignore[misc]
        if self._in_force.revision.digest != revision:
            raise PolicyError(
                f"the pickled gate had the policy revision {revision}; here it is {self._in_force.revision.digest}.",
                "Bring the same policy, key and glossary files, or build the gate here.",
                file=str(self._path) if self._path is not None else None,
            )
