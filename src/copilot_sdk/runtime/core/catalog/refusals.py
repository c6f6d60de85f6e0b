"""Refusals: results that say why something is not done."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A request that is answered with a refusal.

    Attributes:
        result: The answer, as the wire has it.
    """

    def __init__(self, kind: str, message: str, **details: object) -> None:
        """Makes a refusal.

        Args:
            kind: Which one, as the wire calls it.
            message: Why, in words for people; it repeats nothing of the request.
            details: Further members of the answer.
        """
        self.result: Mapping[str, object] = {"kind": kind, **details, "message": message}
        super().__init__(message)


def invalid(field: str, message: str) -> Refusal:
    """A request that cannot be used because of one of its members."""
    return Refusal("invalid-request", message, field=field)
