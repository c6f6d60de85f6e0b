"""Wire names become Python names: readable, never clashing with what a model or the language has."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from codegen import naming
from copilot_sdk._model import WireModel
from copilot_sdk._model.base import to_camel

WIRE_NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("McpOauthLoginRequest", "MCPOAuthLoginRequest"),
        ("ApiUrl", "APIURL"),
        ("UrlsList", "URLsList"),
        ("Application", "Application"),
        ("tasks.promoteToBackground", "TasksPromoteToBackground"),
        ("GitHubReference", "GitHubReference"),
        ("UIElicitation", "UIElicitation"),
        ("a b-c", "ABC"),
    ],
)
def test_a_class_writes_acronyms_in_upper_case_and_the_rest_as_the_schema_does(
    wire: str, expected: str
) -> None:
    assert naming.class_name(wire) == expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("promoteToBackground", "promote_to_background"),
        ("sessionID", "session_id"),
        ("HTTPServer", "http_server"),
        ("gitHubToken", "github_token"),
        ("fromSubAgent", "from_subagent"),
        ("ui-server", "ui_server"),
        ("x2y", "x2y"),
    ],
)
def test_a_name_is_cut_into_words(wire: str, expected: str) -> None:
    assert naming.snake(wire) == expected


@pytest.mark.parametrize(
    ("wire", "expected"), [("from", "from_"), ("", "empty"), ("2fa", "n2fa"), ("$ref", "ref")]
)
def test_a_name_that_python_cannot_take_is_changed(wire: str, expected: str) -> None:
    assert naming.identifier(wire) == expected


@given(st.text(max_size=20))
def test_any_text_makes_an_identifier(wire: str) -> None:
    for made in (naming.identifier(wire), naming.field_name(wire), naming.constant(wire)):
        assert made.isidentifier()
        assert not keyword.iskeyword(made)


@given(WIRE_NAMES)
def test_the_words_of_a_name_join_to_the_same_class(wire: str) -> None:
    assert naming.to_camel(naming.snake(wire)) == to_camel(naming.snake(wire))
    assert naming.snake(naming.to_camel(naming.snake(wire))) == naming.snake(wire)


@pytest.mark.parametrize(
    "name", sorted(name for name in {*dir(BaseModel), *dir(WireModel)} if not name.startswith("_"))
)
def test_a_field_never_hides_what_a_model_has(name: str) -> None:
    assert naming.field_name(name) == f"{name}_"


@pytest.mark.parametrize("name", ["list", "dict", "str", "int", "float", "bool"])
def test_a_field_never_hides_a_type_that_annotations_use(name: str) -> None:
    assert naming.field_name(name) == f"{name}_"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("read-only", "READ_ONLY"), ("", "EMPTY_STRING"), ("empty", "EMPTY"), ("/v1/x", "V1_X")],
)
def test_an_enum_value_makes_a_constant(value: str, expected: str) -> None:
    assert naming.constant(value) == expected


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "gitHubToken",
        "apiKey",
        "api_key",
        "clientSecret",
        "headers",
        "headersJson",
        "env",
        "hmac",
        "secrets",
    ],
)
def test_a_member_that_may_hold_a_credential_is_known_by_its_name(name: str) -> None:
    assert naming.is_secret(name, "ProviderConfig")


@pytest.mark.parametrize(
    "name",
    ["tokens", "inputTokens", "environment", "header", "keyboard", "secretary", "value", "ownedSecrets"],
)
def test_a_member_of_a_harmless_name_is_shown(name: str) -> None:
    assert not naming.is_secret(name, "ProviderConfig")


def test_the_value_of_a_secret_is_one() -> None:
    assert naming.is_secret("value", "MCPInstallationSecret")
    assert not naming.is_secret("placeholder", "MCPInstallationSecret")
