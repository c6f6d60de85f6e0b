"""`python -m codegen`: generate the package, check it, compare schemas, or take in another version's facts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen import frontends, output, report
from codegen.absorb.command import absorb, lacking
from codegen.errors import SchemaError
from codegen.models import GeneratorMismatch

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schema"
PACKAGES = ROOT / "src" / "copilot_sdk" / "_generated"
SCHEMA, OUT = SCHEMAS / "copilot", PACKAGES / "copilot"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m codegen", description="Generate the typed package from the schema."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the package is not up to date"
    )
    parser.add_argument(
        "--report", nargs=2, type=Path, metavar=("OLD", "NEW"), help="compare two schema folders"
    )
    parser.add_argument(
        "--schema",
        type=Path,
        metavar="DIR",
        help="folder of *.schema.json files; those of every protocol when left out",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="package to write, with --schema")
    commands = parser.add_subparsers(dest="command", metavar="absorb | lacking")
    absorbing = commands.add_parser(
        "absorb", help="take the facts of an installed runtime's schema files into ours"
    )
    absorbing.add_argument(
        "path", type=Path, help="folder of the schema files, or one that has them in schemas/"
    )
    absorbing.add_argument("--version", help="the runtime's version, where the path does not tell")
    commands.add_parser("lacking", help="list what has no description yet; fail if there is anything")
    options = parser.parse_args(arguments)
    try:
        if options.command == "absorb":
            return _listed(absorb(options.path, options.schema or SCHEMA, options.version), failing=False)
        if options.command == "lacking":
            return _listed(lacking(options.schema or SCHEMA), failing=True)
        if options.report:
            old, new = (frontends.read(folder) for folder in options.report)
            print(report.compare(old, new), end="")
            return 0
        return max(_generate(*package, check=options.check) for package in _packages(options))
    except (SchemaError, GeneratorMismatch) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _packages(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """The folder of each schema that is asked for, and of its package."""
    if options.schema is not None:
        return [(options.schema, options.out or OUT)]
    folders = sorted({path.parent for path in SCHEMAS.glob("*/*.schema.json")})
    return [(folder, PACKAGES / folder.name) for folder in folders]


def _generate(schema: Path, out: Path, *, check: bool) -> int:
    protocol = frontends.read(schema)
    for note in protocol.notes:
        print(f"note: {note}", file=sys.stderr)
    files = output.package(protocol)
    if check:
        return _check(files, out)
    written = output.write(files, out)
    print(
        f"{len(protocol.methods)} methods, {len(protocol.types)} types, {len(protocol.events)} events: "
        f"{len(files)} files, {written} changed, in {out}"
    )
    return 0


def _listed(lines: list[str], *, failing: bool) -> int:
    print("\n".join(lines) or "nothing")
    return 1 if lines and failing else 0


def _check(files: dict[str, str], out: Path) -> int:
    stale = output.differences(files, out)
    for name, diff in stale.items():
        print(f"{name} is not what the schema gives:\n{diff}", file=sys.stderr)
    if stale:
        print("run `python -m codegen` and commit what it writes", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
