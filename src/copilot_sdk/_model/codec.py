"""Between Python values and the JSON of a method.

Params and results, each way. Sending is strict; of what is received, the parts that do not fit stay as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError
from typing_extensions import TypeIs

from copilot_sdk._model.base import TaggedModel, WireModel, problems
from copilot_sdk._protocol.messages import JsonText, Params
from copilot_sdk._rpc.method import Loader, Method
from copilot_sdk._rpc.unset import UNSET
from copilot_sdk.errors import InvalidParams, ResultValidationError

R = TypeVar("R")
M = TypeVar("M", bound=WireModel)


@cache
def _adapter(load: Loader) -> TypeAdapter[Any]:
    kind: Any = load()
    if _is_model(kind, WireModel):
        # Of a class that is not finished the adapter would not know the configuration.
        kind.model_rebuild()
        return TypeAdapter(kind)
    return TypeAdapter(kind, config=ConfigDict(ser_json_inf_nan="constants"))


def _is_model(kind: object, base: type[M]) -> TypeIs[type[M]]:
    return isinstance(kind, type) and issubclass(kind, base)


@cache
def _maker(load: Loader) -> Callable[[object], Any]:
    """What makes an object of values that are to be sent: its constants count as set."""
    kind, adapter = load(), _adapter(load)
    return kind.model_validate if _is_model(kind, TaggedModel) else adapter.validator.validate_python


@cache
def _kind(load: Loader) -> Any:
    return load()


def encode_params(method: Method[Any], values: Mapping[str, object] | object) -> dict[str, Any]:
    """The params of a call as JSON data, for who has to look into them.

    Args:
        method: The method.
        values: Params by wire name, where `UNSET`, and None that has no meaning of its own, count as left
            out; or, for a method whose params are a union, one of its objects.

    Raises:
        InvalidParams: A param is missing or does not fit; the message names it.
    """
    if method.params is None:
        return {}
    return encode(method, method.params, _given(method, values))


def write_params(method: Method[Any], values: Mapping[str, object] | object) -> Params:
    """The params of a call for the wire, see `encode_params`: written at once, without data in between."""
    if method.params is None:
        return {}
    adapter = _adapter(method.params)
    params = _valid_params(method, method.params, _given(method, values))
    return _as_text(adapter, params) or _dumped_params(method, adapter, params)


def encode(method: Method[Any], load: Loader, values: object) -> dict[str, Any]:
    """Validate and dump an object for the wire."""
    adapter = _adapter(load)
    return _dumped_params(method, adapter, _valid_params(method, load, values))


def _given(method: Method[Any], values: Mapping[str, object] | object) -> object:
    if not isinstance(values, Mapping):
        return values
    given = cast("Mapping[str, object]", values)
    return {
        name: value
        for name, value in given.items()
        if value is not UNSET and (value is not None or name in method.nullable)
    }


def _valid_params(method: Method[Any], load: Loader, values: object) -> Any:
    try:
        return _maker(load)(values)
    except ValidationError as error:
        raise InvalidParams(f"{method.name}: {'; '.join(problems(error))}", method=method.name) from None


def _dumped_params(method: Method[Any], adapter: TypeAdapter[Any], params: object) -> dict[str, Any]:
    try:
        data: dict[str, Any] = _as_data(adapter, params)
    except PydanticSerializationError as error:
        raise InvalidParams(
            f"{method.name}: a value has no form in JSON: {error}", method=method.name
        ) from None
    return data


def _as_data(adapter: TypeAdapter[Any], value: object) -> Any:
    # A part that did not fit when it was read stays as it came: no reason to warn.
    return adapter.serializer.to_python(value, mode="json", exclude_unset=True, warnings=False)


def _as_text(adapter: TypeAdapter[Any], value: object) -> JsonText | None:
    """None for what pydantic cannot write: a lone surrogate, and what has no form in JSON.

    Or may have none: numbers that JSON lacks it writes as these words, which inside of a string are nothing to worry
    about.
    """
    try:
        text = adapter.serializer.to_json(value, exclude_unset=True, warnings=False)
    except PydanticSerializationError:
        return None
    return None if b"NaN" in text or b"Infinity" in text else JsonText(text)


def decode_params(method: Method[Any], raw: object, *, forgiven: Container[str] | None = None) -> Any:
    """The params of an inbound call as an object; None for a method without params.

    Args:
        method: The method.
        raw: The params as they came.
        forgiven: The members that need not fit, by wire name; None for all.

    Raises:
        InvalidParams: They are no object at all, or a member does not fit that has to.
    """
    if method.params is None:
        return None
    try:
        return _adapter(method.params).validator.validate_python(raw)
    except ValidationError as error:
        from copilot_sdk._model.lenient import fitted

        params, whole = fitted(_kind(method.params), raw)
        if params is None or not whole or not _is_forgiven(error, forgiven):
            raise InvalidParams("; ".join(problems(error)), method=method.name) from None
        return params


def _is_forgiven(error: ValidationError, members: Container[str] | None) -> bool:
    return members is None or all(
        fault["loc"] and str(fault["loc"][0]) in members for fault in error.errors()
    )


def decode_result(method: Method[R], raw: object) -> R:
    """What a call returned, as an object. Runtimes exchange null and `{}`: either stands for the other.

    Raises:
        ResultValidationError: It is of another kind than promised; the error has the raw result.
    """
    if method.result is None:
        return None  # type: ignore[return-value]
    adapter = _adapter(method.result)
    try:
        return adapter.validator.validate_python(raw)  # type: ignore[no-any-return]
    except ValidationError as error:
        if raw is None or raw == {}:
            try:
                return adapter.validate_python({} if raw is None else None)  # type: ignore[no-any-return]
            except ValidationError:
                pass
        from copilot_sdk._model.lenient import fitted

        result, whole = fitted(_kind(method.result), raw)
        if result is None or not whole:
            raise ResultValidationError(method.name, problems(error), raw) from None
        return cast("R", result)


def write_result(method: Method[Any], value: object) -> Any:
    """What a handler returned, for the wire: as text, or as data where that takes more care.

    Raises:
        ResultValidationError: The handler returned something else than the method promises.
    """
    if method.result is None:
        return None
    adapter = _adapter(method.result)
    try:
        result = _maker(method.result)(value)
        return _as_text(adapter, result) or _as_data(adapter, result)
    except ValidationError as error:
        raise ResultValidationError(method.name, problems(error), None) from None
    except PydanticSerializationError as error:
        raise ResultValidationError(method.name, [f"a value has no form in JSON: {error}"], None) from None
