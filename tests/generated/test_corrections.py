"""Schema files say what was published, corrections what came instead: each is needed, and with them all fits."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from codegen.frontends.corrections import META
from tests.support.schema_files import (
    Document,
    corrected_documents,
    faults,
    methods,
    read_corrections,
    read_documents,
)
from tests.support.strict import Strict, recorded, values_at

CORRECTIONS = {f"{entry['file']}#{entry['at']}": entry for entry in read_corrections()}
PUBLISHED = read_documents()
CORRECTED = corrected_documents()


def with_closed(node: Document, steps: list[str]) -> Document:
    """A document in which one schema refuses the members that it does not name."""
    if steps:
        return {**node, steps[0]: with_closed(node[steps[0]], steps[1:])}
    return {"additionalProperties": False, **node} if "properties" in node else node


def at_place(documents: dict[str, Document], entry: Document) -> Strict:
    """The files with the schema of an entry closed: so a member that it lacks is a fault."""
    file, steps = entry["file"], entry["at"].split("/")[1:]
    return Strict({**documents, file: with_closed(documents[file], steps)})


def values_seen(entry: Document) -> Iterator[object]:
    """The values in the recording that an entry names."""
    ((kind, name),) = ((key, value) for key, value in entry["seen"].items() if key != "path")
    for subject, value in recorded():
        if subject == (kind, name):
            yield from values_at(value, entry["seen"]["path"])


def test_the_corrections_conform_to_their_meta_schema() -> None:
    meta = json.loads(META.read_text("utf-8"))
    Draft202012Validator.check_schema(meta)
    assert list(Draft202012Validator(meta).iter_errors(read_corrections())) == []


def test_the_corrected_files_conform_to_the_dialect() -> None:
    assert faults(CORRECTED) == []


@pytest.mark.parametrize("place", CORRECTIONS)
def test_a_recorded_value_does_not_fit_without_the_correction_and_does_with_it(place: str) -> None:
    entry = CORRECTIONS[place]
    published, corrected = at_place(PUBLISHED, entry), at_place(CORRECTED, entry)
    values = list(values_seen(entry))
    assert values, "nothing like it was recorded"
    assert [
        value for value in values if published.problems(place, value) and not corrected.problems(place, value)
    ]


def test_everything_that_was_recorded_fits_the_corrected_files() -> None:
    strict = Strict(CORRECTED)
    found = defaultdict(set)
    for subject, value in recorded():
        found[subject].update(strict.faults(subject, value))
    assert {subject: problems for subject, problems in found.items() if problems} == {}


def test_what_no_published_schema_has_tells_how_it_was_seen() -> None:
    observed = PUBLISHED["observed.schema.json"]
    events = [observed["definitions"][event["$ref"].rpartition("/")[2]] for event in observed["events"]]
    described = [*events, *(method for _, _, method in methods(observed))]
    assert len(described) == 16
    assert [thing for thing in described if not thing.get("x-evidence")] == []
    assert {thing["stability"] for thing in described} == {"experimental"}
