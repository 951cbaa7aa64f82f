"""`headgate doctor`: a proof of the line in the user's own chain, by negative control and by canaries."""

from headgate.testing.doctor.diagnosis import Diagnosis, Fate, Verdict
from headgate.testing.doctor.proof import Probe, prove
from headgate.testing.doctor.run import Run

__all__ = ["Diagnosis", "Fate", "Probe", "Run", "Verdict", "prove"]
