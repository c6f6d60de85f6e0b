"""Serves requests, whoever they come from: whatever goes wrong with one is its answer."""

from __future__ import annotations

import logging

from pydantic import ValidationError

from copilot_sdk._generated.tau.types import ErrorResponse
from copilot_sdk._model import VerbatimModel
from copilot_sdk._model.base import problems
from copilot_sdk.errors import ConnectionClosed, ProtocolError, UnknownFrame
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.tau.methods import METHODS
from copilot_sdk.runtime.tau.reading import read_request
from copilot_sdk.runtime.tau.router import Call

_logger = logging.getLogger("copilot_sdk.runtime")


async def answer(call: Call, frame: object) -> VerbatimModel | None:
    """The answer to a request; None where there is to be none.

    Raises:
        ConnectionClosed: The client is gone.
    """
    try:
        request = read_request(frame)
    except (UnknownFrame, ProtocolError) as error:
        return bad_request(str(error))
    except ValidationError as error:
        return bad_request("; ".join(problems(error)))
    try:
        return await METHODS[type(request)](call, request)
    except (RuntimeFault, ModelFault) as fault:
        return ErrorResponse(message=str(fault))
    except ConnectionClosed:
        raise
    except Exception as error:
        # Whatever goes wrong with one request, the daemon lives on.
        _logger.exception("the request %s failed", type(request).__name__)
        return ErrorResponse(message=f"internal error: {type(error).__name__}")


def bad_request(problem: str) -> ErrorResponse:
    """The answer to what is no request."""
    return ErrorResponse(message=f"bad request: {problem}")
