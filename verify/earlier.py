"""What earlier runs found, as far as it still holds: for one run the results in the cache, and what workers observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.cache import BadCache, Cache, Hit, key, setting
from verify.conclude import Ask, Ran
from verify.execute.patience import Say
from verify.judge.judge import Judgement
from verify.observed import Observed, keep, recalled


@dataclass
class Earlier:
    """The cache as one run uses it. If it cannot be read or written, that is said once, and the run goes on without it.

    place: the machine of the run. limits: what else of the run may change a verdict.
    """

    cache: Cache | None
    place: Mapping[str, Any]
    limits: tuple[float, ...]
    say: Say

    def of(self, ran: Ran) -> Cache | None:
        """Where the verdicts on a runtime are taken from, and kept."""
        return self.cache if self.cache and self.cache.takes(ran.backend) else None

    def recall(self, ran: Ran) -> None:
        """Take the versions and facts of a runtime from what its workers observed before, if that is known."""
        if (cache := self.of(ran)) and not ran.facts and (seen := recalled(cache, ran.backend, self.place)):
            ran.recalled = seen
            ran.versions.update(seen.versions)
            ran.facts.update(seen.facts)

    def tell(self, ran: Ran) -> None:
        """Keep what was observed of a runtime for the next run."""
        seen = Observed(dict(ran.versions), dict(ran.facts))
        if (cache := self.of(ran)) and ran.facts and seen != ran.recalled:
            keep(cache, ran.backend, self.place, seen)

    def forget(self, ran: Ran) -> None:
        """Drop what was observed of a runtime."""
        if cache := self.of(ran):
            keep(cache, ran.backend, self.place, None)

    def hit(self, ran: Ran, ask: Ask, text: str, *, individually: bool = False) -> Hit | None:
        """What was found of a program, if nothing has changed since that may change it."""
        try:
            cache = self.of(ran)
            return cache.hit(self._key(ran, ask, text, individually)) if cache else None
        except BadCache as why:
            self._end(why)
            return None

    def keep(
        self, ran: Ran, ask: Ask, text: str, judged: Sequence[Judgement], missed: float | None, *, individually: bool = False
    ) -> None:  # fmt: skip
        """Keep verdicts for the next run."""
        try:
            if cache := self.of(ran):
                cache.keep(self._key(ran, ask, text, individually), judged, missed)
        except BadCache as why:
            self._end(why)

    def _key(self, ran: Ran, ask: Ask, text: str, individually: bool) -> bytes:
        ran.setting = ran.setting or setting(ran.backend, ran.versions, ran.facts, self.place, *self.limits)
        return key(ran.setting, ask.key, text, individually=individually)

    def _end(self, why: BadCache) -> None:
        self.cache = None
        self.say(f"{why}; this run goes on without former results")
