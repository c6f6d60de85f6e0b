"""The flags of `python -m copilot_sdk.runtime`, those of the Copilot CLI among them, and what `--help` says."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

LEVELS = {
    "none": logging.CRITICAL + 1,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "all": logging.NOTSET,
}
"""What `--log-level` can be."""

_DESCRIPTION = """\
A runtime for coding-agent sessions that takes the place of the GitHub Copilot CLI in tests. It speaks the
same protocol (JSON-RPC 2.0 with Content-Length in front of each message) and takes the same flags, but
needs no account and no network, and its model says what your script tells it to. Have an SDK start this
command in place of the CLI, or connect to the port. It really runs commands and edits files where the
client allows it. With --acp it is an agent of the Agent Client Protocol, as `copilot --acp` is, and with
--synaps-rpc it takes the place of `synaps rpc`, for one client that starts it; with --tau it is a daemon.
"""
_EPILOG = r"""
the script of a model, as --script takes it (TOML, or JSON of the same shape):
  [[replies]]                                     # used up in order, one for each question to the model
  text = "Let me look."
  calls = [{ name = "view", arguments = { path = "/tmp/notes.txt" } }]

  [[replies]]
  reasoning = "So that is what they wrote."
  text = ["It is ", "about tests."]               # streamed in these pieces
  usage = { inputTokens = 1200, outputTokens = 30 }

  [[replies]]
  delay = 0.5                                     # seconds before each piece
  error = { status = 429, message = "slow down" }

after the last reply, and without a script, the model obeys directives in the prompt, one on each line:
  !say TEXT   !think TEXT   !call NAME JSON   !delay SECONDS   !fail STATUS TEXT   !hold
and quotes a prompt that has none.

a test in bash, with `text = "Hello there."` as the only reply in answers.toml:
  export LC_ALL=C
  coproc RUNTIME { python -m copilot_sdk.runtime --stdio --script answers.toml; }
  send() { printf 'Content-Length: %d\r\n\r\n%s' "${#1}" "$1" >&"${RUNTIME[1]}"; }
  read_until() {
    until [[ $message == *"$1"* ]]; do
      read -t 20 -r _ length && read -r _ && read -r -N "${length%$'\r'}" message || exit 1
    done <&"${RUNTIME[0]}"
  }
  send '{"jsonrpc":"2.0","id":1,"method":"session.create","params":{"sessionId":"greeting"}}'
  read_until '"id":1'
  send '{"jsonrpc":"2.0","id":2,"method":"session.send","params":{"sessionId":"greeting","prompt":"Hi"}}'
  read_until '"type":"assistant.message"'
  [[ $message == *'"content":"Hello there."'* ]] && echo passed

environment variables:
  COPILOT_HOME                       the folder of its sessions and settings; ~/.copilot-sdk-runtime if unset
  COPILOT_CONNECTION_TOKEN           what clients have to give as `token` of the request `connect`
  TAU_SHUTDOWN_DRAIN_SECS            how long a daemon of tau waits for its agents at the end; 180 if unset
  COPILOT_TASK_WAIT_TIMEOUT_SECONDS  how long `session.tasks.waitForPending` waits; 600 if unset
  COPILOT_ENABLE_SECRET_FILTERING    true to serve `secrets.addFilterValues`
  COPILOT_ALLOW_GET_PROVIDER_ENDPOINT
                                     true to serve `session.provider.getEndpoint`
  COPILOT_CLI_ENABLED_FEATURE_FLAGS  features for `featureFlags.resolve` to turn on, with commas between; so does a
                                     variable of the name of a feature that is true
  the model is the first of these that is there, or else obeys directives:
  COPILOT_RUNTIME_SCRIPT             a script, if there is no --script
  COPILOT_PROVIDER_BASE_URL          a provider of models, with COPILOT_MODEL and the variables that the CLI has
                                     for it: COPILOT_PROVIDER_TYPE, _WIRE_API, _API_KEY, _BEARER_TOKEN ...
  COPILOT_API_URL                    the Copilot service at this address, unless COPILOT_OFFLINE is true, for the
                                     owner of the token in COPILOT_GITHUB_TOKEN, GH_TOKEN or GITHUB_TOKEN; GitHub
                                     is at COPILOT_GH_HOST or GH_HOST, its API at COPILOT_DEBUG_GITHUB_API_URL
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m copilot_sdk.runtime",
        usage="%(prog)s [--stdio | --acp | --synaps-rpc | --tau SOCKET | --port PORT | --listen ADDRESS]\n"
        "                                     [--script FILE] [option ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_ways(made)
    _add_model(made)
    _add_session(made)
    running = made.add_argument_group("while it runs")
    running.add_argument("--log-level", choices=sorted(LEVELS), default="error", help="what goes to stderr")
    running.add_argument(
        "--session-idle-timeout",
        type=float,
        default=0,
        metavar="SECONDS",
        help="close sessions without work after so long; 0 never does",
    )
    flags = made.add_argument_group("flags of the CLI that change nothing here")
    flags.add_argument("--headless", action="store_true", help="there is nothing but the server")
    flags.add_argument("--no-auto-update", action="store_true", help="it never updates itself")
    flags.add_argument("--remote", action="store_true", help="sessions stay on this machine")
    return made


def _add_ways(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how clients come in")
    way = group.add_mutually_exclusive_group()
    way.add_argument(
        "--stdio", action="store_true", help="serve the process that started this one, over pipes"
    )
    way.add_argument(
        "--acp",
        action="store_true",
        help="the same, but speak the Agent Client Protocol: an agent for editors, and for tests of them",
    )
    way.add_argument(
        "--synaps-rpc",
        action="store_true",
        help="the same, but speak as `synaps rpc` does, of one session in which everything is allowed",
    )
    way.add_argument(
        "--tau",
        type=Path,
        metavar="SOCKET",
        help="be a daemon of tau that listens on a unix socket; stdout tells when it does",
    )
    way.add_argument(
        "--port",
        type=int,
        default=0,
        help="listen on 127.0.0.1; 0, which is the default, takes any free port; stdout tells which",
    )
    way.add_argument(
        "--listen",
        metavar="ADDRESS",
        help="listen on unix:/path, host:port, tls://host:port, or the URL of a ws, wss, http or https server; "
        "port 0 takes any free one",
    )
    group.add_argument("--tls-certificate", type=Path, metavar="FILE", help="PEM file for tls, wss and https")
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, if that is in another file")


def _add_session(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the session of --synaps-rpc")
    group.add_argument(
        "--continue",
        dest="continued",
        metavar="ID",
        help="go on with the session of this id or name, or whose id or name begins so",
    )
    group.add_argument(
        "--system", metavar="TEXT", help="what the model is told before everything else, or a file with it"
    )
    group.add_argument("--model", metavar="ID", help="the model of the session")
    group.add_argument("--profile", metavar="NAME", help="changes nothing: there is one set of settings")


def _add_model(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the model, and who is signed in")
    group.add_argument(
        "--script",
        type=Path,
        metavar="FILE",
        help="TOML or JSON file with the answers of the model, and with accounts; see below",
    )
    group.add_argument("--auth-token-env", metavar="NAME", help="the variable with the token of the account")
    group.add_argument(
        "--no-auto-login",
        dest="auto_login",
        action="store_false",
        help="do not look for a token in the environment",
    )
