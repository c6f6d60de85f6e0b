"""Sandboxes: what a machine can do, what settings come to, and what a session in one is not given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.runtime.core.hosts import reachable
from copilot_sdk.runtime.core.sandbox.config import SandboxConfig, read_config
from copilot_sdk.runtime.core.sandbox.floor import floored
from copilot_sdk.runtime.core.sandbox.git import GitGrants, grants_of_git
from copilot_sdk.runtime.core.sandbox.picker import picker_policy
from copilot_sdk.runtime.core.sandbox.tools import grants_of_tools
from tests.unit.runtime.harness import Join, Json, Start

ON: Json = {"enabled": True}
NETWORK = ("slirp4netns", "iptables", "ip6tables", "iptables-restore", "ip6tables-restore")
NAMESPACES = "echo --map-current-user --keep-caps"


def _programs(folder: Path, **bodies: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, body in bodies.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o755)


# -------------------------------------------------------------------------- the machine


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("echo bubblewrap 0.4.9", "older than 0.5.0"),
        ("echo bwrap 1.0", "names no version"),
        ("exit 3", "exit code 3"),
        (None, "cannot be started"),
    ],
)
async def test_a_machine_without_bubblewrap_cannot_sandbox(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str | None, why: str
) -> None:
    _programs(tmp_path / "bin", **({} if body is None else {"bwrap": body}))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    client = await join(start())
    support = await client.call("sandbox.getHostSupport")
    assert (support["supported"], support["capabilities"]) == (False, [])
    assert why in support["reason"]
    assert await client.call("sandbox.checkPlatformSupport") is False
    assert "turn the sandbox off" in (await client.call("sandbox.getUnsupportedStartupNotice"))["notice"]


async def test_a_machine_is_looked_at_once_and_lacks_what_is_missing(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    _programs(tmp_path / "bin", bwrap=f"echo bubblewrap 1; echo x >> {log}", unshare="exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    runtime = start()
    client = await join(runtime)
    support = await client.call("sandbox.getHostSupport")
    assert await client.call("sandbox.getHostSupport") == support
    assert log.read_text() == "x\n"
    lacking = {each["name"]: each["reason"] for each in support["capabilities"] if not each["supported"]}
    assert [*lacking] == ["network", "network_filtering"]
    assert "slirp4netns" in lacking["network"]
    assert await client.call("sandbox.getUnsupportedStartupNotice") == {}


@pytest.mark.parametrize(
    ("unshare", "left_out", "why"),
    [(NAMESPACES, "", None), ("echo old", "", "unshare"), (NAMESPACES, "ip6tables", "`ip6tables`")],
)
async def test_a_sandbox_needs_programs_for_its_network(
    start: Start,
    join: Join,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unshare: str,
    left_out: str,
    why: str | None,
) -> None:
    bodies = {name: "exit 0" for name in NETWORK if name != left_out}
    _programs(tmp_path / "bin", bwrap="echo bubblewrap 0.5.0", unshare=unshare, **bodies)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    client = await join(start())
    network = (await client.call("sandbox.getHostSupport"))["capabilities"][0]
    assert network["supported"] is (why is None)
    assert why is None or why in network["reason"]


# -------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("sandbox.resolveFlooredConfig", {"userSandbox": {"auth": 5}}, "userSandbox.auth"),
        ("sandbox.resolveFlooredConfig", {"managedSandbox": []}, "managedSandbox"),
        ("sandbox.settings.applyDefaults", {"stored": [True]}, "stored"),
        ("sandbox.settings.applyDefaults", {"stored": {"enabled": None}}, "stored.enabled"),
        ("sandbox.preparePickerPolicy", {"cwd": "/", "sandbox": {"enabled": "yes"}}, "sandbox.enabled"),
        ("session.create", {"sandboxConfig": {"enabled": "x"}}, "sandboxConfig.enabled"),
    ],
)
async def test_settings_that_are_none_are_refused_by_name(
    start: Start, join: Join, method: str, params: Json, field: str
) -> None:
    client = await join(start())
    with pytest.raises(InternalError, match=field):
        await client.call(method, **params)


def test_a_minimum_only_tightens() -> None:
    user = read_config({**ON, "allowBypass": False, "sandboxMcpServers": False}, "sandbox")
    minimum = {"enabled": False, "allowBypass": True, "sandboxMcpServers": True, "sandboxLspServers": "x"}
    config = floored(user, minimum)
    assert (config.enabled, config.allow_bypass) == (True, False)
    assert (config.sandbox_mcp_servers, config.managed_mcp_routing_locked) == (True, True)
    assert (config.sandbox_lsp_servers, config.managed_lsp_routing_locked) == (True, None)
    assert floored(user, None).managed_mcp_routing_locked is None


def test_hosts_that_nobody_allows_shut_out_all() -> None:
    def hosts(*names: str) -> Json:
        return {**ON, "userPolicy": {"network": {"allowedHosts": [*names]}}}

    network = floored(read_config(hosts("a.com"), "sandbox"), hosts("b.com")).network
    assert (network.allowed_hosts, network.blocked_hosts) == ([], ["*"])


@pytest.mark.parametrize(
    ("user", "most", "common"),
    [
        (["*.x.com", "y.com"], ["a.x.com", "Y.com", "x.com"], ["a.x.com", "Y.com"]),
        (["a.x.com"], ["*.x.com"], ["a.x.com"]),
        (["*.x.com"], ["x.com"], []),
        (["[::1]", "bücher.de"], ["::1", "xn--bcher-kva.de"], ["::1", "xn--bcher-kva.de"]),
        (["127.0.0.1", "a.com.."], ["0x7f.1", "a.com"], ["0x7f.1", "a.com"]),
        (["[::ffff:1.2.3.4]"], ["1.2.3.4"], ["1.2.3.4"]),
        (["*", "a.com"], ["*"], ["*", "a.com"]),
        *(
            (["a.com", odd], ["a.com"], [])
            for odd in ("a.com:443", "*.1.2.3.4", "*.", "a.1", "[a.com]", "%61")
        ),
    ],
)
def test_hosts_are_allowed_by_both_sides(user: list[str], most: list[str], common: list[str]) -> None:
    assert reachable([most, user], []) == (common, [] if common else ["*"])


def test_the_password_of_a_proxy_is_in_no_repr() -> None:
    proxy = {"url": "http://p", "username": "me", "password": "hush"}
    config = read_config({**ON, "userPolicy": {"network": {"proxy": proxy}}}, "sandbox")
    assert "hush" not in repr(config)
    assert "hush" not in repr(floored(config, {}))


# -------------------------------------------------------------------------- pickers


def test_tools_are_found_by_their_variables(tmp_path: Path) -> None:
    for name in ("bin", "java", "one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "config").touch()
    found = grants_of_tools(
        {
            "PATH": f"{tmp_path}/bin:/usr/bin:relative:/:{tmp_path}/bin/:{tmp_path}/none",
            "JAVA_HOME": f"{tmp_path}/java",
            "GOPATH": f"{tmp_path}/one:{tmp_path}/two",
            "GOROOT": f"{tmp_path}/config",
            "GIT_CONFIG_SYSTEM": f"{tmp_path}/config",
        }
    )
    found = [path.removeprefix(f"{tmp_path}/") for path in found if path.startswith(str(tmp_path))]
    assert found == ["bin", "one", "two", "java", "config"]


def test_a_repository_is_written_where_it_says_that_it_belongs_to_the_folder(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init", "-q", "main")
    git("-C", "main", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
    git("-C", "main", "worktree", "add", "-q", "../tree")
    root = tmp_path.resolve()
    for folder in ("main/in", "tree/in", "forged/in", "alone"):
        (root / folder).mkdir(parents=True)
    (root / "forged/.git").write_text(f"gitdir: {root}/main/.git/worktrees/tree\n")
    repository = root / "main/.git"
    assert grants_of_git(root / "main/in") == GitGrants((repository,), (root / "main",))
    assert grants_of_git(root / "main") == GitGrants()
    worktree = GitGrants((repository / "worktrees/tree", repository), (root / "tree",))
    assert grants_of_git(root / "tree/in") == worktree
    assert grants_of_git(root / "forged/in") == GitGrants((), (root / "forged",))
    assert grants_of_git(None) == GitGrants()


def test_what_may_only_be_read_is_so_by_its_real_name_too(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    rules = {"filesystem": {"readonlyPaths": ["link"]}}
    sandbox = SandboxConfig.model_validate({**ON, "allowDevToolAccess": False, "userPolicy": rules})
    policy = picker_policy(sandbox, str(tmp_path), {})
    assert policy is not None
    assert policy.filesystem.readonly_paths == [f"{tmp_path}/link", f"{tmp_path.resolve()}/kept", "link"]


# -------------------------------------------------------------------------- sessions


async def test_a_session_in_a_sandbox_runs_no_command(start: Start, join: Join, tmp_path: Path) -> None:
    made = tmp_path / "made"
    client = await join(start([Reply(calls=[Call("bash", {"command": f"touch {made}"})]), Reply("no")]))
    await client.open(sandboxConfig=ON)
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("make it")
    (told,) = client.of("tool.execution_complete")
    assert "sandbox" in told["result"]["content"]
    ran = await client.call("session.shell.executeUserRequested", requestId="r", command=f"touch {made}")
    assert (ran["success"], "exitCode" in ran) == (False, False)
    assert not made.exists()
    await client.call("session.options.update", sandboxConfig=None)
    ran = await client.call("session.shell.executeUserRequested", requestId="r", command=f"touch {made}")
    assert ran["success"]
    assert made.exists()


async def test_variables_that_look_like_secrets_are_told_without_their_values(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"HF_TOKEN": "hush", "MY_KEY": "hush", "EMPTY_SECRET": "", "TOKENS": "hush", "GH_TOKEN": "hush"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    client = await join(start())
    masked = {"envVars": {"MY_KEY": {"injectHosts": ["a.com"]}}}

    async def suggested() -> Json:
        found = (await client.call("session.sandbox.getCredentialSuggestions"))["suggestions"]
        assert "hush" not in str(found)
        return {each["name"]: each["suggestedInjectHosts"] for each in found if each["name"] in names}

    await client.open(sandboxConfig=ON)
    assert await suggested() == {"HF_TOKEN": ["huggingface.co"], "MY_KEY": []}
    await client.call("session.options.update", sandboxConfig={**ON, "credentials": masked})
    assert await suggested() == {"HF_TOKEN": ["huggingface.co"]}
    await client.call("session.options.update", sandboxConfig={"enabled": False})
    assert await suggested() == {}


async def test_no_limit_is_too_small_to_work_with(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    found = await client.call("session.limitPrediction.predict", modelId="gpt-5-mini")
    assert (found["prediction"]["tiers"][0]["cap"], found["prediction"]["recommendedCap"]) == (10.5, 30.0)
    with pytest.raises(InternalError, match="clientType"):
        await client.call("session.limitPrediction.predict", clientType="nobody")
