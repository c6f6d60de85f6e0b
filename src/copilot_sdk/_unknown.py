"""Options that there are not, told with those that may have been meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def unknown(
    given: Iterable[str], known: Collection[str], elsewhere: Mapping[str, Collection[str]] | None = None
) -> str:
    """Names the options that are not known, with hints; empty if all are.

    Args:
        given: The names of the options that were passed.
        known: The names of those that there are.
        elsewhere: Where else there are options, and their names.
    """
    return ", ".join(f"{name!r}{_hint(name, known, elsewhere or {})}" for name in sorted({*given} - {*known}))


def _hint(name: str, known: Iterable[str], elsewhere: Mapping[str, Collection[str]]) -> str:
    from difflib import get_close_matches

    if places := [place for place, names in elsewhere.items() if name in names]:
        return f" ({places[0]} has it)"
    near = get_close_matches(name, known, n=2, cutoff=0.7)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
