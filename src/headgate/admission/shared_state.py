"""What a gate learns while it runs: what is in quarantine, taken back or opened by hand, which versions are current."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec

from headgate.admission.currency import documents_asked, newly_proved
from headgate.admission.hearing import documents_heard_of
from headgate.admission.listed_editions import ListedEditions
from headgate.admission.overriding import overrides_of, read_overrides
from headgate.admission.planning import Answers, Plan
from headgate.admission.quarantine import Held, Watch
from headgate.admission.revalidating import questions_of, timeout_of
from headgate.admission.revision import Revision
from headgate.admission.revocation_files import RevocationFiles
from headgate.admission.revoking import revoking_keys
from headgate.admission.settled import Told
from headgate.clock import Clock
from headgate.decision import Admission
from headgate.errors import HeadgateError, PolicyError
from headgate.limits import Limits
from headgate.origins.asking import Asker
from headgate.origins.pending import Asking
from headgate.origins.questions import Asked, Question
from headgate.policy import Policy
from headgate.provenance import KeySet
from headgate.provenance.revocation import Revocations
from headgate.registry import (
    Answer,
    AnswerRegistry,
    FeedRegistry,
    FeedState,
    Known,
    Registry,
    Said,
    open_feeds,
    open_registry,
)

__all__ = ["SharedState"]

_log = logging.getLogger("headgate")
_NO_ANSWERS = Answers()
_NO_LISTS = Revocations()


class SharedState:
    """The quarantine, the registry and the revocation lists of a policy; other processes may write to their files.

    Args:
        policy: says where they are kept.
        revocation_keys: who may sign each revocation list.
        clock: tells how old is what was kept of a list at an address.
        is_traffic: whether what is decided is traffic; what a rehearsal makes up enters no registry's file.
        may_wait: whether a list at an address may be fetched.
        before: the same under another policy, whose registry, counts and answers go on.

    Raises:
        PolicyError: the registry or a list cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        revocation_keys: Sequence[KeySet],
        clock: Clock,
        *,
        is_traffic: bool,
        may_wait: bool = True,
        before: SharedState | None = None,
    ) -> None:
        self._path, self._clock, self._is_traffic = policy.registry_path, clock, is_traffic
        self._registry: Registry
        self._kept_in = policy.registry
        if before is not None and before._path == self._path and before._kept_in == self._kept_in:
            self._registry = before._registry
        else:
            self._registry = open_registry(policy, is_traffic=is_traffic)
        self._feeds: FeedRegistry | None = open_feeds(policy, before._feeds if before else None)
        self._editions: ListedEditions | None
        if before is not None and before._feeds is self._feeds:
            self._editions = before._editions
        else:
            self._editions = ListedEditions(self._feeds) if self._feeds is not None else None
        self._asker: Asker | None = _asker_of(policy, clock, before._asker if before else None) if is_traffic else None
        self._watch: Watch = before._watch.under(policy) if before else Watch(policy)
        self._overrides = overrides_of(policy)
        self._revocations: RevocationFiles | None = None
        if policy.revocations:
            self._revocations = RevocationFiles(policy, revocation_keys, clock=clock, may_wait=may_wait)
        self._revised: dict[int, tuple[Revision, Revocations, Revision]] = {}

    def under(self, policy: Policy, revocation_keys: Sequence[KeySet], *, may_wait: bool) -> SharedState:
        """Return the same under another policy; what is known stays known.

        Args:
            policy: the other policy.
            revocation_keys: who may sign each revocation list.
            may_wait: whether a list at an address may be fetched.

        Raises:
            PolicyError: the new registry or a list cannot be used.
        """
        traffic = self._is_traffic
        return SharedState(policy, revocation_keys, self._clock, is_traffic=traffic, may_wait=may_wait, before=self)

    def require_no_rollback(self, before: SharedState) -> None:
        """Raise if a revocation list goes back behind what was in force before.

        Raises:
            PolicyError: so it does.
        """
        if self._revocations is not None:
            self._revocations.require_no_rollback(before._revocations)

    @property
    def is_watching(self) -> bool:
        """Whether a source can be put into quarantine."""
        return bool(self._watch.sources)

    @property
    def is_slow(self) -> bool:
        """Whether asking may wait for a disk, or for the database of a registry."""
        has_files = self.is_watching or self._registry.is_slow or self._feeds is not None
        return has_files or self._asker is not None or self._revocations is not None or self._overrides is not None

    def says_the_same(self, told: Sequence[Told], now: datetime) -> bool:
        """Return whether others say of documents what they said before; no server of theirs is waited for.

        Args:
            told: what was said of each.
            now: the present.
        """
        try:
            if self._watch.sources and self._watch.held():
                return False
            if self._overrides is not None and read_overrides(self._overrides, now):
                return False
            return self._is_in_force(told) and self._is_known(told) and self._is_said(told)
        except (OSError, HeadgateError):  # judged from the beginning, which says what to make of it
            return False

    def _is_in_force(self, told: Sequence[Told]) -> bool:
        """Return whether nothing was taken back since, and no server has answered again."""
        revocations, asker = self.taken_back(), self._asker
        for one in told:
            # The very same lists nearly always; comparing them costs more than all the rest of this.
            if one.revocations is not revocations and one.revocations != revocations:
                return False
            if one.asked is not None and (asker is None or asker.last(one.asked) is not one.answer):
                return False
        return True

    def _is_known(self, told: Sequence[Told]) -> bool:
        """Return whether the registry knows of the same versions."""
        known = self._registry.known([one.proved for one in told if one.proved is not None])
        return all(one.proved is None or known.get(one.proved, ()) == one.known for one in told)

    def _is_said(self, told: Sequence[Told]) -> bool:
        """Return whether feeds say the same."""
        names = [name for one in told if one.names for name in one.names]
        if self._feeds is None or not names:
            return not names
        said = self._feeds.said(names)
        return all(
            said.get(name, ()) == before for one in told for name, before in zip(one.names, one.said, strict=True)
        )

    def revised(self, revision: Revision, limits: Limits) -> Revision:
        """Return a revision with the keys taken back that were taken back by now."""
        current = self.taken_back()
        if current is _NO_LISTS or not current.revokes_keys:
            return revision
        known = self._revised.get(id(revision))
        if known is None or known[0] is not revision or known[1] is not current:
            known = revision, current, revoking_keys(revision, current, limits)
            # Two of them: the one in force, and one that is only compared.
            self._revised = {**dict(list(self._revised.items())[-1:]), id(revision): known}
        return known[2]

    def taken_back(self) -> Revocations:
        """Return what the revocation lists say by now, whichever instant an admission is about."""
        return self._revocations.current() if self._revocations is not None else _NO_LISTS

    @property
    def is_asking(self) -> bool:
        """Whether documents' own servers are asked, which an admission may have to wait for."""
        return self._asker is not None

    def ask(self, plan: Plan) -> Answers:
        """Return what has to be known from outside about the documents of a plan."""
        questions, asking = self._begin(plan)
        return self._conclude(plan, questions, asking.wait() if asking is not None else {})

    def ask_nobody(self, plan: Plan) -> Answers:
        """As `ask`, by what documents' own servers have said last; none of them is asked."""
        asker = self._asker
        questions = questions_of(plan) if asker is not None else {}
        last = {one: asker.last(one.key(asker.folder)) for one in questions.values()} if asker is not None else {}
        return self._conclude(plan, questions, last)

    async def aask(self, plan: Plan) -> Answers:
        """As `ask`; no thread is kept while servers are waited for."""
        questions, asking = await asyncio.to_thread(self._begin, plan)
        live = await asking.wait_async() if asking is not None else {}
        return await asyncio.to_thread(self._conclude, plan, questions, live)

    def _begin(self, plan: Plan) -> tuple[Mapping[int, Question], Asking | None]:
        """Begin to ask documents' own servers, and return what is asked, by the place of the chunk."""
        questions = questions_of(plan) if self._asker is not None else {}
        if self._asker is None or not questions:
            return {}, None
        return questions, self._asker.begin(dict.fromkeys(questions.values()), plan.now, timeout_of(plan.judgements))

    def _conclude(
        self, plan: Plan, questions: Mapping[int, Question], answers: Mapping[Question, Answer | None]
    ) -> Answers:
        watch, documents = self._watch, documents_asked(plan.judgements)
        has_questions = watch.sources or documents or self._revocations or self._feeds or self._asker
        if not has_questions and self._overrides is None:
            return _NO_ANSWERS
        open_ones = read_overrides(self._overrides, plan.now)
        held: Mapping[str, Held] = {}
        known: Mapping[str, tuple[Known, ...]] = {}
        problem: Exception | None = None
        unknown: Exception | None = None
        # Findings for the documents that it is about, because the others have nothing to do with these files.
        try:
            held = watch.held() if watch.sources else held
        except (OSError, HeadgateError) as error:
            problem = error
        try:
            known = self._registry.known(documents) if documents else known
        except HeadgateError as error:
            unknown = error
        said, editions, unpulled, unheard = self._heard(plan)
        revocations = self.taken_back()
        live = self._answered(questions, answers)
        return Answers(
            held=held,
            watched=watch.sources,
            problem=problem,
            known=known,
            unknown=unknown,
            said=said,
            editions=editions,
            unpulled=unpulled,
            unheard=unheard,
            live=live,
            is_asking=self._asker is not None,
            revocations=revocations,
            overrides=open_ones,
        )

    def _answered(
        self, questions: Mapping[int, Question], answers: Mapping[Question, Answer | None]
    ) -> Mapping[int, Asked]:
        """Return what the servers of documents say."""
        if self._asker is None:
            return {}
        problem_with, folder = self._asker.problem_with, self._asker.folder
        return {
            index: Asked(question, answers[question], problem_with(question), question.key(folder))
            for index, question in questions.items()
        }

    def _heard(
        self, plan: Plan
    ) -> tuple[
        Mapping[str, tuple[tuple[FeedState, Said], ...]], Mapping[str, frozenset[str]], frozenset[str], Exception | None
    ]:
        """Return what feeds say of the documents of a plan and of editions, or why that cannot be learned.

        Those of them that were never pulled are the third.
        """
        asked = documents_heard_of(plan.judgements)
        if self._feeds is None or self._editions is None or not asked:
            return {}, {}, frozenset(), None
        sources = {one.facts.source.id: one.facts.source for one in plan.judgements}
        try:
            feeds = frozenset[str]().union(*(source.feeds for source in sources.values()))
            unpulled = feeds - self._feeds.states().keys()
            return self._feeds.said(asked), self._editions.of(sources.values()), unpulled, None
        except HeadgateError as error:
            return {}, {}, frozenset(), error

    def learn(self, plan: Plan, answers: Answers) -> None:
        """Tell the registry what was proved; a question about another date teaches nothing about the present."""
        if plan.as_of is not None or answers.unknown is not None:
            return
        proved = list(newly_proved(plan.judgements, answers.known))
        if not proved:
            return
        try:
            self._registry.learn(proved, plan.now)
        except HeadgateError as error:
            _log.warning("what was proved is remembered by this process alone: %s", error)

    def observe(self, admission: Admission) -> None:
        """Count an admission, and put sources into quarantine that fail too often."""
        try:
            for held in self._watch.observe(admission):
                _log.warning("the source %r is in quarantine: %s", held.source, held.reason)
        except (OSError, HeadgateError) as error:
            # What is held cannot be said to the others; the next admission meets the same file and holds back.
            _log.warning("the quarantine could not be written: %s", error)

    def close(self) -> None:
        """Close the registry; a gate that is used again opens it."""
        self._registry.close()
        if self._feeds is not None:
            self._feeds.close()
        if self._asker is not None:
            self._asker.close()


def _asker_of(policy: Policy, clock: Clock, before: Asker | None = None) -> Asker | None:
    """Return who asks documents' own servers, with what is remembered; None where no source wants that."""
    if not any(source.freshness.revalidate is not None for source in policy.sources):
        return None
    if any(
        one.freshness.revalidate is not None and one.freshness.revalidate.store is not None for one in policy.sources
    ):
        _require_fsspec()
    private, path = policy.key_sets.private, policy.registry_path
    folder = policy.resolve_path(".").absolute()
    if before is not None and (before.private, before.path, before.folder) == (private, path, folder):
        return before
    asker = Asker(clock, private, kept=AnswerRegistry(path) if path is not None else None, folder=folder)
    if before is not None:
        asker.remember(before)
    return asker


def _require_fsspec() -> None:
    if find_spec("fsspec") is None:
        problem = "a source names a store under revalidate, and fsspec, which asks it, is not installed."
        raise PolicyError(problem, "pip install 'headgate[stores]'", ("sources",))
