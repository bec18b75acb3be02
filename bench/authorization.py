"""Decisions of the RBAC authorizer with 1,000 roles and 5,000 bindings, in this process.

"known" asks the same kinds of requests again, as clients do; "first" asks for users it has not met since the last
change of a role or binding, so that the bindings are resolved each time.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

from bench.report import Result
from bench.setting import Setting
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes
from pilothouse.authorization.rbac import RBACAuthorizer

_ROLES, _BINDINGS, _NAMESPACES, _USERS = 1_000, 5_000, 100, 1_000
_LIMIT = 10.0  # µs, what is promised
NAMES = ("RBAC, known user", "RBAC, first request of a user")


def run(setting: Setting) -> Iterator[Result]:
    authorizer = _authorizer()
    questions = [_question(n) for n in range(_USERS)]
    known = _microseconds(authorizer, questions, fresh=False)
    first = _microseconds(authorizer, questions, fresh=True)
    note = f"µs a decision; {_ROLES:,} roles, {_BINDINGS:,} bindings; promised: {_LIMIT:.0f}"
    for name, value in zip(NAMES, (known, first), strict=True):
        if setting.wanted(name):
            yield Result(name, value, "µs", note=note)


def _authorizer() -> RBACAuthorizer:
    authorizer = RBACAuthorizer()
    for n in range(_ROLES):
        authorizer.apply("Role", f"team-{n % _NAMESPACES}", f"role-{n}", {"rules": [
            {"apiGroups": [""], "resources": [f"kind-{n % 7}", "configmaps"], "verbs": ["get", "list"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]},
        ]})
    for n in range(_BINDINGS):
        authorizer.apply("RoleBinding", f"team-{n % _NAMESPACES}", f"binding-{n}", {
            "subjects": [{"kind": "User", "name": f"user-{n % _USERS}"}, {"kind": "Group", "name": f"group-{n}"}],
            "roleRef": {"kind": "Role", "name": f"role-{n % _ROLES}"},
        })
    return authorizer


def _question(n: int) -> Attributes:
    user = User(f"user-{n}", groups=("system:authenticated", f"group-{n}"))
    namespace = f"team-{n % _NAMESPACES}"
    return Attributes(user, "get", namespace=namespace, resource="configmaps", name="settings", api_version="v1")


def _microseconds(authorizer: RBACAuthorizer, questions: Sequence[Attributes], *, fresh: bool) -> float:
    async def ask() -> float:
        best = float("inf")
        for _ in range(5):
            if fresh:
                authorizer.apply("Role", "team-0", "role-0", {"rules": []})
            else:
                for question in questions:
                    await authorizer.authorize(question)
            began = time.perf_counter()
            for question in questions:
                await authorizer.authorize(question)
            best = min(best, time.perf_counter() - began)
        return best / len(questions) * 1e6

    return asyncio.run(ask())
