"""What the generator says when a schema cannot be used."""

from __future__ import annotations


class SchemaError(Exception):
    """A schema file is malformed.

    Args:
        file: Name of the schema file.
        pointer: JSON pointer of the fault, such as `/definitions/TaskInfo/anyOf/0`.
        problem: What is wrong there.
    """

    def __init__(self, file: str, pointer: str, problem: str) -> None:
        super().__init__(f"{file}#{pointer or '/'}: {problem}")
        self.file = file
        self.pointer = pointer
        self.problem = problem
