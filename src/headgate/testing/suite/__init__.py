"""`AdapterSuite`: inherit it, say how your framework asks and reads, and get the tests that an adapter must pass."""

from headgate.testing.suite.bench import AdapterBench, Shown
from headgate.testing.suite.content import ContentTests
from headgate.testing.suite.copies import CopyTests
from headgate.testing.suite.decisions import DecisionTests
from headgate.testing.suite.failures import FailureTests
from headgate.testing.suite.traces import TraceTests

__all__ = ["AdapterBench", "AdapterSuite", "Shown"]


class AdapterSuite(DecisionTests, ContentTests, FailureTests, TraceTests, CopyTests):
    """The tests of an adapter, through the framework's own objects; run by pytest.

    Write a subclass whose name begins with `Test`, in a test module, and implement what `AdapterBench` leaves open.
    Each test has documents and a policy of its own. Where a framework has no such thing (media, a form to serialise),
    the test is skipped and says why.

    Example:
        A whole one is in docs/write-an-adapter.md:

            class TestShelfAdapter(AdapterSuite):
                adapter = ShelfAdapter()

                def make_retriever(self, find):
                    return Shelf(find)

                ...
    """
