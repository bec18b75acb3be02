import asyncio
from pathlib import Path

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.controlplane.authorization import Authorization, build
from pilothouse.controlplane.bootstrap.policy import no_gate
from pilothouse.options.complete import complete
from pilothouse.options.options import Options

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"


def of(*flags: str) -> Authorization:
    return build(complete(Options.parse(flags)).authorization, no_gate)


def of_file(tmp_path: Path, authorizers: str, *flags: str) -> Authorization:
    path = tmp_path / "authorization.yaml"
    path.write_text(HEAD + authorizers)
    return of(f"--authorization-config={path}", *flags)


def test_modes_by_flag() -> None:
    assert of().types == {"RBAC"}
    access = of("--authorization-mode=Node,AlwaysAllow")
    assert (access.types, access.graph is None, access.reloading) == ({"Node", "AlwaysAllow"}, False, None)


def test_a_file_says_everything(tmp_path: Path) -> None:
    access = of_file(tmp_path, "- {type: Node, name: node}\n- {type: AlwaysAllow, name: alwaysallow}\n")
    assert (access.types, access.graph is None, access.reloading is None) == ({"Node", "AlwaysAllow"}, False, False)
    asked = Attributes(User("alice"), "get", resource="pods")
    assert asyncio.run(access.authorizer.authorize(asked)) == (Decision.ALLOW, "")
    assert access.rules.rules_for(asked.user, "ns").resource_rules
    asyncio.run(access.close())


def test_a_mode_that_was_not_there_at_start_cannot_come(tmp_path: Path) -> None:
    async def main() -> None:
        access = of_file(tmp_path, "- {type: AlwaysDeny, name: alwaysdeny}\n")
        assert access.reloading is not None
        for added in ("- {type: RBAC, name: rbac}\n", "- {type: AlwaysAllow, name: alwaysallow}\n"):
            (tmp_path / "authorization.yaml").write_text(f"{HEAD}- {{type: AlwaysDeny, name: alwaysdeny}}\n{added}")
            await access.reloading.check()
        # what needs nothing that is stored can
        decision = await access.authorizer.authorize(Attributes(User("alice"), "get", resource="pods"))
        assert decision == (Decision.ALLOW, "")

    asyncio.run(main())


@pytest.mark.parametrize(("flag", "text"), [
    ("", r"^open : no such file or directory$"), ("/no/file", r"^open /no/file: no such file or directory$"),
])
def test_policies_that_are_not_there(tmp_path: Path, flag: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        of_file(tmp_path, "- {type: ABAC, name: abac}\n", f"--authorization-policy-file={flag}")
