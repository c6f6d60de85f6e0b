"""Which version a folder of schema files belongs to, and which of two is older."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from codegen.absorb.version import is_version, ordered, schema_folder, version_of
from codegen.errors import SchemaError


def filled(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.schema.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.mark.parametrize("below", [".", "schemas", "package/schemas"])
def test_the_schema_files_are_found_where_an_installed_runtime_has_them(tmp_path: Path, below: str) -> None:
    folder = filled(tmp_path / below)
    assert schema_folder(tmp_path) == folder


def test_files_in_the_folder_itself_come_before_those_below(tmp_path: Path) -> None:
    filled(tmp_path / "schemas")
    assert schema_folder(filled(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_schema_files_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SchemaError, match=r"holds no \*\.schema\.json") as caught:
        schema_folder(tmp_path / name)
    assert caught.value.file == str(tmp_path / name)


def test_the_package_beside_the_folder_tells_the_version(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"version": "1.4.2"}', encoding="utf-8")
    assert version_of(filled(tmp_path / "schemas")) == "1.4.2"


def test_the_package_counts_more_than_a_folder_name(tmp_path: Path) -> None:
    folder = filled(tmp_path / "9.9.9" / "schemas")
    (tmp_path / "9.9.9" / "package.json").write_text('{"version": "1.4.2-1"}', encoding="utf-8")
    assert version_of(folder) == "1.4.2-1"


@pytest.mark.parametrize("below", ["1.4.2", "1.4.2/schemas", "1.4.2/a/b"])
def test_the_name_of_the_folder_or_of_one_above_tells_the_version(tmp_path: Path, below: str) -> None:
    assert version_of(filled(tmp_path / below)) == "1.4.2"


@pytest.mark.parametrize("text", ["{}", "[]", '{"version": 3}', '{"version": "latest"}'])
def test_a_package_that_tells_no_version_leaves_it_to_the_folder_names(tmp_path: Path, text: str) -> None:
    folder = filled(tmp_path / "2.0.0" / "schemas")
    (folder.parent / "package.json").write_text(text, encoding="utf-8")
    assert version_of(folder) == "2.0.0"


def test_a_package_that_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"package\.json.*is not JSON"):
        version_of(filled(tmp_path / "schemas"))


def test_a_folder_that_tells_no_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="tells no version; pass --version"):
        version_of(filled(tmp_path / "schemas"))


def test_versions_are_ordered_by_number_and_what_precedes_a_release_is_older() -> None:
    versions = ["1.0.9", "1.0.10-0", "1.0.10-2", "1.0.10-10", "1.0.10-beta", "1.0.10", "1.1.0", "10.0.0"]
    assert all(ordered(older) < ordered(newer) for older, newer in pairwise(versions))


@pytest.mark.parametrize("text", ["", "1.2", "latest", "1.2.3.4", "v1.2.3"])
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(SchemaError, match=r"is no version such as 1\.2\.3"):
        ordered(text)
