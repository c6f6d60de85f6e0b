"""`mcp.planInstall`: what it takes to install an MCP server, from its card."""

from __future__ import annotations

from dataclasses import dataclass

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.catalog_requests import Members, answering, catalog_contract
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.catalog.cards import MEDIA_TYPES, Card, card_of
from copilot_sdk.runtime.core.catalog.inputs import Secret, Value
from copilot_sdk.runtime.core.catalog.refusals import Refusal, invalid
from copilot_sdk.runtime.core.catalog.retrieval import fetch_card
from copilot_sdk.runtime.core.catalog.transports import Choice
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.spec import spec_of
from copilot_sdk.runtime.core.payloads import to_json

router = Router()

_MEMBERS = {"contract", "source", "scope", "policySessionId"}
_LONGEST_HANDLE = 256
_LONGEST_SEARCH = 64
_LONGEST = {"url": 2048, "data": 1024 * 1024}


@answering(router, "mcp.planInstall")
async def _plan(call: Call, members: Members) -> dict[str, object]:
    contract = catalog_contract(call, members)
    if members.keys() - _MEMBERS:
        raise invalid("source", "The request has members that this method does not know.")
    if members.get("scope", "user") != "user":
        raise invalid("scope", "Servers are installed for the user alone.")
    source = members.get("source")
    if not is_object(source):
        raise invalid("source", "source has to say what to plan from.")
    match source.get("kind"):
        case "candidate":
            raise _refused_candidate(call, source)
        case "card" if set(source) == {"kind", "card"}:
            text = await _text_of(source["card"])
        case "card":
            raise _odd_card("source has to hold a card, and nothing else.")
        case _:
            raise invalid("source", "source.kind has to be candidate or card.")
    plan = _plan_of(call, card_of(text.content, text.media_type), text)
    negotiated = types.CatalogNegotiatedContract.model_validate(contract.granted)
    return to_json(types.MCPPlanInstallPlanned(plan=plan, negotiated=negotiated))


def _refused_candidate(call: Call, source: Members) -> Refusal:
    handle, search = source.get("candidateHandle"), source.get("searchId")
    if not isinstance(handle, str) or not 0 < len(handle) <= _LONGEST_HANDLE:
        return invalid("source", "candidateHandle is missing or too long.")
    if not isinstance(search, str) or not 0 < len(search) <= _LONGEST_SEARCH:
        return invalid("source", "searchId is missing or too long.")
    if set(source) != {"kind", "candidateHandle", "searchId"}:
        return invalid("source", "A candidate has no further members.")
    return call.runtime.handles.refuse(handle)


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of a card: what it is said to be, and whose it is."""

    content: str
    media_type: str
    authority: str = "caller-supplied"


async def _text_of(card: object) -> _Text:
    """The text of a card that a client refers to or brings."""
    if not is_object(card):
        raise _odd_card("The card is missing.")
    kind, media_type = card.get("kind"), card.get("mediaType")
    place = "url" if kind == "url" else "data"
    if card.keys() - {"kind", "mediaType", place}:
        raise _odd_card("The card has members that are unknown, or both an address and data.")
    if kind not in ("url", "embedded") or not isinstance(media_type, str) or media_type not in MEDIA_TYPES:
        raise _odd_card(f"A card is a url or embedded, and of type {' or '.join(MEDIA_TYPES)}.")
    content = card.get(place)
    if not isinstance(content, str) or not 0 < len(content) <= _LONGEST[place]:
        raise _odd_card(f"{place} is missing or too long.")
    if kind == "embedded":
        return _Text(content, media_type)
    fetched, authority = await fetch_card(content, media_type)
    return _Text(fetched, media_type, authority)


def _odd_card(message: str) -> Refusal:
    return invalid("card", message)


def _plan_of(call: Call, card: Card, text: _Text) -> types.MCPInstallPlan:
    handle, expires = call.runtime.handles.issue()
    operation = _operation(call, card.name)
    return types.MCPInstallPlan(
        plan_handle=handle,
        plan_handle_expires_at=expires,
        identity=types.MCPPlanResourceIdentity(
            canonical_name=card.name, server_name=card.name, version=card.version
        ),
        provenance=types.MCPPlanProvenance(
            authority=text.authority,
            validated_at=stamp(now()),
            card_digest=types.CardDigest(value=card.digest),
            media_type=text.media_type,
        ),
        transport_choices=[_choice(choice) for choice in card.choices],
        target=types.MCPPlanTarget(scope="user", config_key=card.name),
        policy=types.MCPPlanPolicyResult(decision="allowed", source="none"),
        configuration_changes=[
            types.MCPPlanConfigurationChange(
                operation=operation,
                scope="user",
                config_key=card.name,
                changed_fields=list(choice.fields),
                secret_references=sorted(secret.placeholder for secret in choice.inputs.secrets),
            )
            for choice in card.choices
        ],
        reload_required=True,
        requires_interactive_configuration=not any(choice.inputs.complete for choice in card.choices),
    )


def _operation(call: Call, name: str) -> str:
    """What would be done with the entry of a server.

    Raises:
        Refusal: The configuration cannot be read.
    """
    try:
        servers = call.runtime.mcp_config.servers()
        if name not in servers:
            return "add"
        spec_of(name, servers[name])
    except RuntimeFault as error:
        text = "The MCP configuration of the user cannot be read; correct it before you plan again."
        raise Refusal("unavailable", text, reason="planning-unavailable") from error
    return "update"


def _choice(choice: Choice) -> types.MCPPlanTransportChoicePackage | types.MCPPlanTransportChoiceRemote:
    values = [_value(value) for value in choice.inputs.values]
    secrets = [_secret(secret) for secret in choice.inputs.secrets]
    if choice.package is None:
        return types.MCPPlanTransportChoiceRemote(
            choice_id=choice.id,
            transport=choice.transport,
            endpoint=choice.endpoint,
            required_values=values,
            secret_placeholders=secrets,
        )
    registry, identifier = choice.package
    return types.MCPPlanTransportChoicePackage(
        choice_id=choice.id,
        transport=choice.transport,
        package_type=registry,
        package_identifier=identifier,
        required_values=values,
        secret_placeholders=secrets,
    )


def _value(value: Value) -> types.MCPPlanRequiredValue:
    if value.choices:
        return types.MCPPlanRequiredValueEnum(
            key=value.key,
            category=value.category,
            required=value.required,
            default_value=value.default,
            title=value.title,
            description=value.description,
            enum_values=list(value.choices),
            is_repeated=value.repeated,
        )
    return types.MCPPlanRequiredValueScalar(
        key=value.key,
        category=value.category,
        value_type=value.type,
        required=value.required,
        default_value=value.default,
        title=value.title,
        description=value.description,
        is_repeated=value.repeated,
    )


def _secret(secret: Secret) -> types.MCPPlanSecretPlaceholder:
    return types.MCPPlanSecretPlaceholder(key=secret.key, placeholder=secret.placeholder, title=secret.title)
