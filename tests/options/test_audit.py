import pytest

from pilothouse.options.audit import validate
from pilothouse.options.options import Options


def errors(*arguments: str) -> list[str]:
    return list(validate(Options.parse(arguments).audit))


def test_backends_that_are_not_used_are_not_looked_at() -> None:
    assert errors() == []
    assert errors("--audit-log-mode=x", "--audit-webhook-mode=x") == []
    assert errors("--audit-log-path=x", "--audit-webhook-config-file=x") == []


@pytest.mark.parametrize(
    ("argument", "error"),
    [
        ("--audit-log-mode=x", 'invalid audit log mode x, allowed modes are "batch,blocking,blocking-strict"'),
        ("--audit-log-format=xml", 'invalid audit log format xml, allowed formats are "legacy,json"'),
        ("--audit-log-maxage=-1", "--audit-log-maxage -1 can't be a negative number"),
        ("--audit-log-maxsize=-1", "--audit-log-maxsize -1 can't be a negative number"),
        ("--audit-log-truncate-max-event-size=0",
         "invalid audit truncate log max event size 0, must be a positive number"),
        ("--audit-log-truncate-max-batch-size=1",
         "invalid audit truncate log max batch size 1, must be greater than max event size (102400)"),
        ("--audit-log-version=v2", 'invalid group version, allowed versions are ["audit.k8s.io/v1"]'),
        ("--audit-webhook-batch-buffer-size=0",
         "invalid audit batch webhook buffer size 0, must be a positive number"),
        ("--audit-webhook-batch-throttle-qps=0",
         "invalid audit batch webhook throttle QPS 0, must be a positive number"),
    ],
)
def test_one_flag(argument: str, error: str) -> None:
    assert errors("--audit-log-path=x", "--audit-webhook-config-file=x", argument) == [error]
