"""The verbs of the project: `nox -l` lists them, `nox -s tests` is the one to start with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

# The sessions start hundreds of Python processes: each would compile all that it imports if nothing were kept.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
OLDEST = (3, 11)
NEWEST_CONSIDERED = (3, 20)
EVERYTHING = ".[demo,http,mcp,runtime,websocket]"
ON_ALL_CORES = ("--numprocesses", "auto", "--dist", "worksteal")
# The oldest Python tries everything, the others one test in sixteen, and nothing of what the generator does.
OTHERS_TRY = ("--one-in", "16", "--ignore", "tests/unit/codegen")
PROBE = "import sys; v = sys.version_info; print(sys.implementation.name, v[0], v[1], v.releaselevel)"


def interpreters() -> dict[tuple[int, int], Path]:
    """Every released CPython from 3.11 on that this machine has, by version."""
    found: dict[tuple[int, int], Path] = {}
    for path in candidates():
        version = cpython_version(path)
        if version is not None and version >= OLDEST:
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def candidates() -> Iterator[Path]:
    """Where an interpreter may be: the one that runs nox, those on PATH, those that pyenv keeps off PATH."""
    yield Path(getattr(sys, "_base_executable", sys.executable))
    for minor in range(OLDEST[1], NEWEST_CONSIDERED[1] + 1):
        if on_path := shutil.which(f"python3.{minor}"):
            yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.*/bin/python"), reverse=True)


def cpython_version(path: Path) -> tuple[int, int] | None:
    """The version of a released CPython; None for anything else, a pyenv shim without a version among it."""
    try:
        done = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    name, major, minor, level = done.stdout.split()
    return (int(major), int(minor)) if (name, level) == ("cpython", "final") else None


def test_versions() -> list[str]:
    """The versions to test on, each made findable under its usual name, `python3.12` for example."""
    versions = interpreters()
    folders = [str(path.parent) for path in versions.values() if path.name == "python"]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])
    return [f"{major}.{minor}" for major, minor in versions]


def requirements(*groups: str) -> list[str]:
    """What dependency groups of pyproject.toml ask for."""
    return list(nox.project.dependency_groups(PYPROJECT, *groups))


def install(session: nox.Session, *groups: str) -> None:
    """Installs the package as it stands in src, with its extras and the tools of the groups."""
    session.install("-e", EVERYTHING, *requirements(*groups))


@nox.session
def demo(session: nox.Session) -> None:
    """Plays the demo; `nox -s demo -- --runtime copilot` passes arguments on."""
    install(session)
    session.run("python", "-m", "copilot_sdk.demo", *session.posargs)


@nox.session(python=test_versions())
def tests(session: nox.Session) -> None:
    """Runs the tests against the built package, on each Python that the machine has."""
    session.install(EVERYTHING, *requirements("test"))
    oldest = min(interpreters())
    is_oldest = tuple(map(int, str(session.python).split("."))) == oldest
    depth = () if session.posargs or is_oldest else OTHERS_TRY
    session.run("python", "-m", "pytest", *ON_ALL_CORES, *depth, *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Runs the tests with the oldest dependencies that the package admits to."""
    session.install("uv")
    session.run("uv", "pip", "install", "--upgrade", "--resolution", "lowest-direct", EVERYTHING)
    session.install(*requirements("test"))
    session.run("python", "-m", "pytest", *ON_ALL_CORES, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Checks style, the layers and that the generated code is what the schema gives."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    session.run("python", "-m", "codegen", "--check")
    session.run("python", "-m", "codegen", "lacking")


@nox.session
def types(session: nox.Session) -> None:
    """Checks the types with mypy and pyright, each on a core of its own."""
    install(session, "types")
    with ThreadPoolExecutor() as cores:
        for check in [cores.submit(session.run, checker) for checker in ("mypy", "pyright")]:
            check.result()


@nox.session
def codegen(session: nox.Session) -> None:
    """Writes the generated code anew from the schema."""
    install(session, "lint")
    session.run("python", "-m", "codegen", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Runs the benchmarks."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Plays the fault matrix on both SDKs and writes docs/concepts/faults.md."""
    install(session, "bench")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session
def official(session: nox.Session) -> None:
    """Takes down the public names of the official SDK and writes docs/reference/official-sdk.md."""
    install(session, "bench")
    session.run("python", "-m", "tests.official", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Builds the documentation into site/; the build itself needs no network."""
    install(session, "docs")
    # Material announces its successor on stderr, which says nothing about these pages.
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def real(session: nox.Session) -> None:
    """Tests against the real Copilot CLI, in a network namespace with loopback only."""
    install(session, "real")
    session.run("python", "-m", "tests.real.support.cli")
    # What a file sets up once, it sets up in one process. What the CLI does once in two plays is chance.
    options = ["--numprocesses", "auto", "--dist", "loadfile", "-p", "pytest_rerunfailures", "--reruns", "1"]
    options += session.posargs or ["tests/real"]
    session.run("python", "-m", "tests.real.support.netns", "python", "-m", "pytest", *options)


@nox.session
def survey(session: nox.Session) -> None:
    """Calls every method of the real Copilot CLI and writes docs/reference/survey.md."""
    install(session, "test")
    session.run("python", "-m", "tests.real.support.cli")
    session.run("python", "-m", "tests.real.support.netns", "python", "-m", "tests.real.survey")


@nox.session
def methods(session: nox.Session) -> None:
    """Writes docs/reference/runtime-methods.md from the code and the survey."""
    install(session, "test")
    session.run("python", "-m", "tests.methods")


@nox.session
def differences(session: nox.Session) -> None:
    """Plays what both runtimes are compared by and writes docs/reference/differences.md."""
    install(session, "test")
    session.run("python", "-m", "tests.real.support.cli")
    session.run("python", "-m", "tests.real.support.netns", "python", "-m", "tests.real.differential.record")
