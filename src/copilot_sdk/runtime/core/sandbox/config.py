"""Settings of a sandbox as users and sessions have them, read strictly: what is left out has no value yet."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from copilot_sdk._model.base import problems, to_camel
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.faults import RuntimeFault


class _Part(BaseModel):
    model_config = ConfigDict(
        defer_build=True,
        strict=True,
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )


class Filesystem(_Part):
    """Paths that may be written, or read alone, or not used at all."""

    readwrite_paths: list[str] | None = None
    readonly_paths: list[str] | None = None
    denied_paths: list[str] | None = None


class Proxy(_Part):
    """The proxy of the user, with what it wants to know; credentials stay out of the repr."""

    url: str = ""
    username: str | None = Field(default=None, repr=False)
    password: str | None = Field(default=None, repr=False)


class Network(_Part):
    """Which hosts may be spoken to."""

    allow_outbound: bool | None = None
    allow_local_network: bool | None = None
    allowed_hosts: list[str] | None = None
    blocked_hosts: list[str] | None = None
    proxy: Proxy | None = None


class Seatbelt(_Part):
    """What there is on macOS alone."""

    keychain_access: bool | None = None


class Experimental(_Part):
    """Where the settings of macOS were before."""

    seatbelt: Seatbelt | None = None


class UserPolicy(_Part):
    """The rules of the user."""

    filesystem: Filesystem | None = None
    network: Network | None = None
    seatbelt: Seatbelt | None = None
    experimental: Experimental | None = Field(default=None, exclude=True)


class Auth(_Part):
    """Which programs are signed in."""

    git: bool | None = None
    gh: bool | None = None


class MaskedVariable(_Part):
    """A variable whose value is for some hosts only."""

    model_config = ConfigDict(extra="forbid")

    inject_hosts: list[str]


class Credentials(_Part):
    """The variables whose values commands do not see."""

    env_vars: dict[str, MaskedVariable]

    @field_validator("env_vars")
    @classmethod
    def _in_order(cls, variables: dict[str, MaskedVariable]) -> dict[str, MaskedVariable]:
        # Clients compare settings as text.
        return dict(sorted(variables.items()))


class SandboxConfig(_Part):
    """The settings of a sandbox; the members are told in this order."""

    enabled: bool = False
    user_policy: UserPolicy | None = None
    add_current_working_directory: bool | None = None
    sandbox_mcp_servers: bool | None = None
    sandbox_lsp_servers: bool | None = None
    managed_mcp_routing_locked: bool | None = None
    managed_lsp_routing_locked: bool | None = None
    allow_bypass: bool | None = None
    auth: Auth | None = None
    credentials: Credentials | None = None
    allow_dev_tool_access: bool | None = None

    @property
    def filesystem(self) -> Filesystem:
        """The rules for files; empty ones if there are none."""
        return (self.user_policy and self.user_policy.filesystem) or Filesystem()

    @property
    def network(self) -> Network:
        """The rules for the network; empty ones if there are none."""
        return (self.user_policy and self.user_policy.network) or Network()

    @property
    def keychain_access(self) -> bool | None:
        """Whether the keychain may be used, wherever the settings say so."""
        policy = self.user_policy or UserPolicy()
        older = policy.experimental and policy.experimental.seatbelt
        return (policy.seatbelt or older or Seatbelt()).keychain_access

    @property
    def masked(self) -> Mapping[str, MaskedVariable]:
        """The variables whose values commands do not see, by their names."""
        return {} if self.credentials is None else self.credentials.env_vars

    @property
    def injects_credentials(self) -> bool:
        """Whether requests of sandboxed programs are given credentials on their way."""
        auth = self.auth or Auth()
        return self.enabled and bool(auth.git or auth.gh or self.masked)

    def to_json(self) -> dict[str, object]:
        """The settings under their wire names, without those that have no value."""
        return self.model_dump(exclude_none=True)


DISABLED = SandboxConfig()
"""The settings of a sandbox that is off."""

_NO_PART_OF_A_POLICY = ("sandboxMcpServers", "sandboxLspServers", "allowBypass", "auth")


def read_config(value: object, name: str) -> SandboxConfig:
    """Reads settings that came as JSON; none at all are those of a sandbox that is off.

    Args:
        value: What came.
        name: What the parameter is called.

    Raises:
        RuntimeFault: They are none; it names the member.
    """
    if value is None:
        return DISABLED
    if not is_object(value):
        raise RuntimeFault(f"{name}: expected an object with the settings of a sandbox")
    try:
        return SandboxConfig.model_validate(value)
    except ValidationError as error:
        raise RuntimeFault("; ".join(f"{name}.{problem}" for problem in problems(error))) from error


def for_feature(sandbox: object, flag: str) -> dict[str, object]:
    """The settings that one feature of a session is started under; they are not looked at otherwise.

    Args:
        sandbox: Those of the session, as they came.
        flag: The member that takes the feature out of the sandbox where it is false.
    """
    if not is_object(sandbox) or sandbox.get("enabled") is not True or sandbox.get(flag) is False:
        return DISABLED.to_json()
    return {name: value for name, value in sandbox.items() if name not in _NO_PART_OF_A_POLICY}
