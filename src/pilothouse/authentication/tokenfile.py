"""Static tokens from a CSV file (upstream: pkg/authentication/token/tokenfile).

A line is token,user,uid[,"group1,group2"]. The file is read once, at start.
"""

from __future__ import annotations

from pathlib import Path

from pilothouse.apimachinery.user import User
from pilothouse.authentication.gocsv import records
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.observability.logging import log


class TokenFileAuthenticator:
    def __init__(self, users: dict[str, User]) -> None:
        self._responses = {token: AuthenticatorResponse(user) for token, user in users.items()}

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        return self._responses.get(token)


def load(path: Path) -> TokenFileAuthenticator:
    """Read a token file. Raises OSError, or ValueError with upstream's text; no token ever stands in a text."""
    return TokenFileAuthenticator(parse(path.read_text("utf-8", "surrogateescape"), str(path)))


def parse(text: str, path: str) -> dict[str, User]:
    """Users by token. An empty token is skipped with a warning; of equal tokens the last one counts."""
    users: dict[str, User] = {}
    for number, record in enumerate(records(text), 1):
        if len(record) < 3:
            raise ValueError(
                f"token file '{path}' must have at least 3 columns (token, user name, user uid), found {len(record)}"
            )
        token, name, uid = record[:3]
        if not token:
            log.warning(f"empty token has been found in token file '{path}', record number '{number}'")
            continue
        if token in users:
            log.warning(f"duplicate token has been found in token file '{path}', record number '{number}'")
        # An empty fourth column is one group with an empty name, as strings.Split has it upstream.
        groups = tuple(record[3].split(",")) if len(record) >= 4 else ()
        users[token] = User(name, uid, groups)
    return users
