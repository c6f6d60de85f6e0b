"""What the survey says of a method: the class of its outcome, and for a refusal the reason in a few words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from copilot_sdk.errors import MethodNotFound, RpcError
from tests.real.survey.calls import Outcome
from tests.real.survey.play import Survey

REFUSED = "refused"


class Kind(StrEnum):
    """The class of an outcome; the value is what the page says."""

    SERVED = "served"
    ACCOUNT = "account"
    PRECONDITION = "precondition"
    UNKNOWN = "unknown"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a method; `note` is empty where the class says all."""

    method: str
    kind: Kind
    note: str = ""


# Every failure has the same code, so the text has to tell.
_ACCOUNT = re.compile(
    r"authenticat|token type|GitHub API error|account selection|GitHub token|log out and log in",
    re.IGNORECASE,
)
_PRECONDITIONS = {
    r"trusted host": "a trusted host only",
    r"supervised child": "the child of a host only",
    r"in-process": "a host in the same process only",
    r"hostId|host is unavailable|localServer": "no such host",
    r"not enabled on this server": "switched off",
    r"[Cc]onnector.* disabled": "connectors are switched off",
    r"workflows are not available": "workflows are switched off",
    r"[Ee]xtension": "no extensions",
    r"mcp-apps": "MCP apps are switched off",
    r"no such method": "the MCP server has none",
    r"not a remote server": "remote MCP servers only",
    r"OAuth|login flow|Login cancelled": "no such login",
    r"expectedInstallationId": "no such installation",
    r"[Cc]anvas": "the client shows no canvas",
    r"[Ww]orkflow run": "no such run",
    r"provider instance": "no such provider",
    r"to be `auto`": "the model `auto` only",
    r"sandbox (escalation|bypass)": "the sandbox did not ask",
    r'"kind":"network"': "no network",
    r"only on Windows": "Windows only",
    r"not supported on this platform": "not on Linux",
    r"model library|family lease": "no such download",
    r"checkpoint|no tool call": "no checkpoint",
}


def verdicts(survey: Survey) -> list[Verdict]:
    """One verdict for each method, by name."""
    return [verdict(survey.best(method)) for method in sorted(survey.outcomes)]


def verdict(outcome: Outcome) -> Verdict:
    """The verdict on one outcome."""
    if outcome.answered:
        return Verdict(outcome.method, Kind.SERVED)
    if not isinstance(outcome.error, RpcError):
        return Verdict(outcome.method, Kind.SILENT)
    text = outcome.error.message
    if isinstance(outcome.error, MethodNotFound) and text.startswith("Unhandled method"):
        return Verdict(outcome.method, Kind.UNKNOWN)
    if _ACCOUNT.search(text):
        return Verdict(outcome.method, Kind.ACCOUNT)
    note = next((note for pattern, note in _PRECONDITIONS.items() if re.search(pattern, text)), REFUSED)
    return Verdict(outcome.method, Kind.PRECONDITION, note)
