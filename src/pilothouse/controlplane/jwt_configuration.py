"""Which issuers' tokens are accepted, and who may be anonymous: by flags or by a file, which is followed (upstream:
pkg/kubeapiserver/options/authentication.go).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.field import Error, forbidden, go_quote
from pilothouse.apimachinery.filewatch import watch
from pilothouse.authentication.configuration import (
    AnonymousConfiguration,
    AuthenticationConfiguration,
    ClaimMapping,
    Issuer,
    JWTConfiguration,
    ValidationRule,
    load,
)
from pilothouse.authentication.oidc.provider import ALGORITHMS
from pilothouse.authentication.oidc.validation import validate
from pilothouse.observability.configmetrics import FAILURE, SUCCESS
from pilothouse.observability.logging import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.authentication.oidc.reloading import ReloadingIssuers
    from pilothouse.observability.configmetrics import ConfigurationMetrics
    from pilothouse.options.authentication import AuthenticationOptions

Configured = tuple[AuthenticationConfiguration, "Sequence[str]", str]


def configured(options: AuthenticationOptions, service_account_issuers: Sequence[str]) -> Configured:
    """The configuration, the signing algorithms that count, and the file's text ("" without one). Raises ValueError
    with all that is wrong, or OSError."""
    path, text = options.authentication_config, ""
    algorithms: Sequence[str] = ALGORITHMS
    if path:
        try:
            data = Path(path).read_bytes()
            configuration, text = load(data), data.decode("utf-8", "replace")
        except OSError as error:
            problem = f"open {path}: {(error.strerror or str(error)).lower()}"
            raise ValueError(_unloadable(path, problem)) from None
        except ValueError as error:
            raise ValueError(_unloadable(path, str(error))) from None
    else:
        configuration, algorithms = of_flags(options), options.oidc_signing_algs or ("RS256",)
    errors = validate(configuration, service_account_issuers)
    if errors:
        raise ValueError(f"invalid authentication configuration: {aggregate(errors)}")
    if configuration.jwt and (wrong := [name for name in algorithms if name not in ALGORITHMS]):
        raise ValueError(f"oidc: unsupported signing alg: {go_quote(wrong[0])}")
    if wanting := [jwt.issuer.egress_selector_type for jwt in configuration.jwt if jwt.issuer.egress_selector_type]:
        raise ValueError(f"oidc: egress lookup required with egress selector type {go_quote(wanting[0])}")
    return configuration, algorithms, text


def anonymous_of(
    configuration: AuthenticationConfiguration, options: AuthenticationOptions, given: frozenset[str]
) -> AnonymousConfiguration:
    """The file's word, or else the flag's. Raises ValueError where both say something."""
    if configuration.anonymous is None:
        return AnonymousConfiguration(options.anonymous_auth)
    if "anonymous-auth" in given:
        raise ValueError(str(forbidden(
            "anonymous",
            "--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration "
            "file",
        )))
    return configuration.anonymous


def _unloadable(path: str, problem: str) -> str:
    return f"failed to load authentication configuration from file {go_quote(path)}: {problem}"


def of_flags(options: AuthenticationOptions) -> AuthenticationConfiguration:
    """What --oidc-* say. Raises OSError."""
    url, client = options.oidc_issuer_url, options.oidc_client_id
    if not url or not client:
        return AuthenticationConfiguration()
    prefix = options.oidc_username_prefix
    if not prefix and options.oidc_username_claim != "email":
        # Names of several issuers must not meet; an address is one of its own.
        prefix = f"{url}#"
    groups = options.oidc_groups_claim
    authority = Path(options.oidc_ca_file).read_text("utf-8", "replace") if options.oidc_ca_file else ""
    return AuthenticationConfiguration((JWTConfiguration(
        Issuer(url, (client,), certificate_authority=authority),
        username=ClaimMapping(options.oidc_username_claim, prefix="" if prefix == "-" else prefix),
        groups=ClaimMapping(groups, prefix=options.oidc_groups_prefix) if groups else ClaimMapping(),
        claim_rules=tuple(
            ValidationRule(claim, value) for claim, value in options.oidc_required_claim.items()
        ),
    ),))


class ConfigurationFile:
    """Follows the file: what is good replaces what is in force, what is bad is told and counted, and nothing else."""

    def __init__(
        self, path: Path, text: str, anonymous: AnonymousConfiguration | None, issuers: ReloadingIssuers,
        service_account_issuers: Sequence[str], metrics: ConfigurationMetrics,
    ) -> None:
        """`text` and `anonymous` are what the file said at start."""
        self._path = path
        self._text = text
        self._anonymous = anonymous
        self._issuers = issuers
        self._service_account_issuers = service_account_issuers
        self._metrics = metrics
        metrics.applied(text)

    async def run(self) -> None:
        await watch(self._path, self.check)

    async def check(self) -> None:
        """Read the file, and apply what is new."""
        await self._issuers.clear()
        try:
            data = await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            self._failed("failed to read authentication config file", error)
            return
        text = data.decode("utf-8", "replace")
        if text == self._text:
            return
        try:
            # compiling expressions takes a while
            configuration = await asyncio.to_thread(self._load, data)
        except ValueError as error:
            # it will not become better by itself
            self._text = text
            self._failed("failed to load authentication config", error)
            return
        if problem := await self._update(configuration):
            self._failed("failed to update authentication config", problem)
            return
        self._text = text
        log.info("reloaded authentication config")
        self._metrics.reloaded(SUCCESS)
        self._metrics.applied(text)

    def _load(self, data: bytes) -> AuthenticationConfiguration:
        """Raises ValueError."""
        configuration = load(data)
        errors: list[Error] = validate(configuration, self._service_account_issuers)
        if configuration.anonymous != self._anonymous:
            errors.append(forbidden("anonymous", "changed from initial configuration file"))
        if errors:
            raise ValueError(aggregate(errors))
        return configuration

    async def _update(self, configuration: AuthenticationConfiguration) -> str:
        """ "", or what went wrong."""
        try:
            return await self._issuers.update(configuration)
        except (OSError, ValueError) as error:
            return str(error)

    def _failed(self, what: str, why: object) -> None:
        log.error(f"{what}: {why}", path=str(self._path))
        self._metrics.reloaded(FAILURE)
