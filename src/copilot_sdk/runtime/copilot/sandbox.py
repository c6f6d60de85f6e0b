"""Methods of `sandbox`: whether commands can be sandboxed here, and what settings of a sandbox come to."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    SandboxDocsURLResult,
    SandboxEnforcementCommandAllowedParams,
    SandboxHostCapability,
    SandboxHostSupport,
    SandboxProxyCaRequest,
    SandboxProxyCaStatus,
    SandboxUnsupportedStartupNoticeParams,
    SandboxUnsupportedStartupNoticeResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import sandbox_of
from copilot_sdk.runtime.core.sandbox.notices import (
    DOCS_URL,
    SETTING_WITHOUT_EFFECT,
    UNSUPPORTED,
    is_of_use,
    startup_notice,
)

router = Router()


@router.plain("sandbox.getHostSupport")
async def _host_support(call: Call) -> SandboxHostSupport:
    support = await call.runtime.sandbox_host.support()
    return SandboxHostSupport(
        supported=support.supported,
        reason=support.reason,
        capabilities=[
            SandboxHostCapability(name=each.name, supported=each.reason is None, reason=each.reason)
            for each in support.capabilities
        ],
    )


@router.plain("sandbox.checkPlatformSupport")
async def _platform_support(call: Call) -> bool:
    return (await call.runtime.sandbox_host.support()).supported


@router.plain("sandbox.checkWindowsHostLoopbackSupport")
async def _windows_loopback(_: Call) -> bool:
    # It is a feature of the sandbox of Windows, which this runtime does not know.
    return False


@router.plain("sandbox.getDocsUrl")
async def _docs_url(_: Call) -> SandboxDocsURLResult:
    return SandboxDocsURLResult(url=DOCS_URL)


@router.plain("sandbox.getUnsupportedMessage")
async def _unsupported_message(_: Call) -> str:
    return UNSUPPORTED


@router.plain("sandbox.getUnsupportedSettingDisabledNotice")
async def _setting_notice(_: Call) -> str:
    return SETTING_WITHOUT_EFFECT


@router.on("sandbox.getUnsupportedStartupNotice", SandboxUnsupportedStartupNoticeParams)
async def _startup_notice(
    call: Call, params: SandboxUnsupportedStartupNoticeParams
) -> SandboxUnsupportedStartupNoticeResult:
    if (await call.runtime.sandbox_host.support()).supported:
        return SandboxUnsupportedStartupNoticeResult()
    undetermined = bool(params.enabled_by_undetermined_policy)
    notice = startup_notice(params.managed_sandbox, undetermined=undetermined)
    return SandboxUnsupportedStartupNoticeResult(notice=notice)


@router.on("sandbox.checkEnforcementCommand", SandboxEnforcementCommandAllowedParams)
async def _check_command(_: Call, params: SandboxEnforcementCommandAllowedParams) -> bool:
    return is_of_use(params.command_name, params.args)


@router.plain("sandbox.proxyCa.checkInstallationSupport")
async def _may_install(_: Call) -> bool:
    # Only on Windows may a process lack the right to; whether there is a store to add to is told by the status.
    return True


@router.on("sandbox.proxyCa.checkRelevance", SandboxProxyCaRequest)
async def _relevance(_: Call, params: SandboxProxyCaRequest) -> bool:
    return sandbox_of(params.sandbox_config).injects_credentials


@router.on("sandbox.proxyCa.getStatus", SandboxProxyCaRequest)
async def _status(_: Call, __: SandboxProxyCaRequest) -> SandboxProxyCaStatus:
    return SandboxProxyCaStatus(
        state="unsupported",
        detail="this runtime adds to no trust store; each process would be given certificates of its own",
        can_install=False,
    )
