"""New issuers take the place of old ones."""

import asyncio

from tests.authentication.oidc.support import NOW, OTHER_KEY, URL, Setup, jwt_configuration, sign
from tests.issuer import key_set

from pilothouse.apimachinery.user import User
from pilothouse.authentication.oidc.provider import WELL_KNOWN

OTHER = "https://other.example"
NEW = jwt_configuration({"issuer": {"url": OTHER}})


def test_issuers_that_answer_are_exchanged() -> None:
    setup = Setup()
    setup.web.pages |= {
        OTHER + WELL_KNOWN: {"issuer": OTHER, "jwks_uri": f"{OTHER}/k"}, f"{OTHER}/k": key_set(("o", OTHER_KEY)),
    }

    async def test() -> None:
        await setup.ready()
        assert await setup.ask(sign()) == User("x:jane")
        assert b"jwks_fetch_last_key_set_info" in setup.registry.render()
        assert await setup.issuers.update(NEW) == ""
        setup.now = NOW
        assert await setup.ask(sign()) is None
        assert await setup.ask(sign(OTHER_KEY, kid="o", iss=OTHER)) == User("x:jane")
        assert setup.registry.render().count(b"jwks_fetch_last_key_set_info{") == 2
        # requests that were with the old ones are done by then
        setup.now += 100
        await setup.issuers.clear()
        assert setup.web.closed == 1
        assert setup.registry.render().count(b"jwks_fetch_last_key_set_info{") == 1
        await setup.issuers.close()
        assert setup.web.closed == 2

    asyncio.run(test())


def test_issuers_that_do_not_answer_change_nothing() -> None:
    setup = Setup()

    async def test() -> None:
        await setup.ready()
        problem = await setup.issuers.update(NEW)
        assert problem == (
            f'oidc: authenticator for issuer "{OTHER}" is not healthy: Get "{OTHER}{WELL_KNOWN}": connection refused'
        )
        setup.now = NOW
        assert await setup.ask(sign()) == User("x:jane")
        assert setup.web.closed == 1
        await setup.issuers.close()

    asyncio.run(test())


def test_no_issuers_are_a_configuration_too() -> None:
    setup = Setup()

    async def test() -> None:
        await setup.ready()
        assert await setup.issuers.update(jwt_configuration()) == ""
        assert await setup.ask(sign()) is None
        await setup.issuers.close()

    asyncio.run(test())
    assert URL not in setup.registry.render().decode()
