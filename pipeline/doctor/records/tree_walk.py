"""The DNS tree walk of DMARC, which has replaced the public suffix list (RFC 9989, 4.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.doctor.records import dmarc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.doctor.dns import Resolver
    from pipeline.doctor.records.dmarc import Policy

MOST = 8
"""Most queries of one tree walk (4.10)."""


@dataclass(frozen=True, slots=True)
class TreeWalk:
    """What a tree walk found.

    ``organisation`` is the organizational domain; ``policy`` is the one that applies, found ``at`` a name, or
    None; ``doubled`` are names with several records, all of which receivers discard.
    """

    organisation: str
    policy: Policy | None
    at: str
    doubled: tuple[str, ...] = ()


def tree_walk(resolver: Resolver, domain: str) -> TreeWalk:
    """Walk from a domain up to its top-level domain. Raises Unanswered."""
    steps: list[tuple[str, Policy]] = []
    doubled: list[str] = []
    for name in _names(domain):
        records = [text for text in resolver.texts(f"_dmarc.{name}") if dmarc.is_dmarc(text)]
        if len(records) > 1:
            doubled.append(name)
        if len(records) == 1:
            steps.append((name, dmarc.read(records[0])))
            if steps[-1][1].value("psd") in ("y", "n"):
                break
    organisation = _organisation(domain, steps)
    found = dict(steps)
    for name in (domain, organisation, steps[-1][0] if steps else domain):
        if name in found:
            return TreeWalk(organisation, found[name], name, tuple(doubled))
    return TreeWalk(organisation, None, "", tuple(doubled))


def _names(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    # Eight queries, however long the name: the first at the name itself, the next at its last seven labels.
    start = 1 if len(labels) <= MOST else len(labels) - (MOST - 1)
    for place in range(start, len(labels)):
        yield ".".join(labels[place:])


def _organisation(domain: str, steps: list[tuple[str, Policy]]) -> str:
    """By 4.10.2. The tree walk ends at psd=y or psd=n, so only its last record can have either."""
    if not steps:
        return domain
    top, policy = steps[-1]
    if policy.value("psd") == "y" and top != domain:
        below = len(top.split(".")) + 1
        return ".".join(domain.split(".")[-below:])
    return top
