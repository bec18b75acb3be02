"""Policy and backend together: what the filters of the chain ask (upstream: evaluatePolicyAndCreateAuditEvent)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.audit.context import AuditContext
from pilothouse.audit.metrics import AuditMetrics
from pilothouse.audit.pieces import Pieces
from pilothouse.audit.policy import NONE, Policy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.apimachinery.user import User
    from pilothouse.audit.interface import Backend


class Auditor:
    """`backend` is started and stopped by the owner of the server."""

    def __init__(self, policy: Policy, backend: Backend, metrics: AuditMetrics) -> None:
        self.backend = backend
        self.metrics = metrics
        self._policy = policy
        self._pieces = Pieces()

    def begin(self, request: Request, user: User | None) -> AuditContext | None:
        """Leaves an audit context with the request; None where the policy does not want it audited."""
        config = self._policy.evaluate(user, request.context.request_info)
        self.metrics.levels[config.level].value += 1
        if config.level == NONE:
            return None
        audit = AuditContext(request, user, config, self.backend, self.metrics, self._pieces)
        request.context.audit = audit
        return audit
