"""What the guide to testing shows beside plain programs: a pytest file, a Node test, a shell script, and `--help`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from copilot_sdk.runtime._command_line import parser
from copilot_sdk.runtime.core.feature_flag_table import FLAGS
from copilot_sdk.runtime.core.models.script_file import ScriptFile
from tests.real.support.cli import cache_folder

GUIDE = (Path(__file__).parents[2] / "docs/guides/testing.md").read_text(encoding="utf-8")
NODE_SDK = next(cache_folder().glob("*/node_modules/@github/copilot-sdk"), None)
SECONDS = 100

pytestmark = pytest.mark.timeout(SECONDS + 20)


def snippets(language: str) -> list[str]:
    """The blocks of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def run(*command: str, folder: Path) -> str:
    """What a command says that has to succeed, in a folder that has the answers of the guide."""
    answers = snippets("toml")[1]
    (folder / "answers.toml").write_text(answers, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHON": sys.executable, "COPILOT_HOME": str(folder / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_snippets_for_pytest_pass(tmp_path: Path) -> None:
    files = [code for code in snippets("python") if "import pytest" in code]
    for number, code in enumerate(files):
        (tmp_path / f"test_{number}.py").write_text(code, encoding="utf-8")
    settings = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    (tmp_path / "pytest.ini").write_text(settings, encoding="utf-8")
    # Those that nobody needs here take longer than the tests.
    plugins = ("--disable-plugin-autoload", "-p", "pytest_asyncio.plugin", "-p", "copilot_sdk.testing")
    assert f"{len(files)} passed" in run(sys.executable, "-m", "pytest", "-q", *plugins, folder=tmp_path)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_shell_script_passes(tmp_path: Path) -> None:
    (code,) = snippets("bash")
    assert run("bash", "-c", code, folder=tmp_path) == "passed\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
@pytest.mark.skipif(
    NODE_SDK is None, reason="@github/copilot-sdk is not in the cache: `nox -s real` fetches it"
)
def test_the_snippet_for_node_passes(tmp_path: Path) -> None:
    (code,) = snippets("javascript")
    assert NODE_SDK is not None
    (tmp_path / "node_modules").symlink_to(NODE_SDK.parents[1], target_is_directory=True)
    (tmp_path / "greeting.test.mjs").write_text(code, encoding="utf-8")
    assert "# pass 1\n" in run("node", "--test", folder=tmp_path)


def test_the_help_has_the_shell_script_and_a_script_of_a_model(tmp_path: Path) -> None:
    text = parser().format_help()
    (code,) = snippets("bash")
    assert textwrap.indent(code, "  ") in text
    _, begins, rest = text.partition("  [[replies]]")
    script = tmp_path / "script.toml"
    script.write_text(textwrap.dedent(begins + rest.partition("\n\nafter")[0]), encoding="utf-8")
    assert len(ScriptFile.read(script).replies) == 3


def test_the_help_names_every_variable_that_the_runtime_reads() -> None:
    source = Path(sys.modules[parser.__module__].__file__ or "").parent
    read = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r'"((?:COPILOT|GH|GITHUB)_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8"))
    }
    told = parser().format_help()
    # These it keeps from the commands that it runs; clients choose the name of the one, the guide tells of the other.
    kept_back = {"COPILOT_SDK_AUTH_TOKEN", "COPILOT_PROVIDER_API_KEY"}
    given_to_commands = {"COPILOT_HOOK_DIR", "COPILOT_PLUGIN_DATA", "COPILOT_PLUGIN_ROOT"}
    # Of features the help says that each has a variable.
    assert {name for name in read if name not in told} - FLAGS.keys() == kept_back | given_to_commands
