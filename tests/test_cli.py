import pytest

from pilothouse import cli


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["--version"], ["version"], ["serve", "--version"]):
        assert cli.main(command) == 0
        assert capsys.readouterr().out == "Kubernetes v1.36.2 (Pilothouse 0.1.0)\n"
    assert cli.kube_apiserver(["--version=raw"]) == 0
    assert "gitVersion=v1.36.2" in capsys.readouterr().out
    assert cli.kube_apiserver(["--version=v1.30.0"]) == 1
    assert "v1.30.0" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "pilothouse serve" in capsys.readouterr().out
    assert cli.kube_apiserver(["--help"]) == 0
    text = capsys.readouterr().out
    assert "Secure serving flags:" in text
    assert "Pilothouse flags:" in text


def test_what_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 1
    assert cli.main(["dance"]) == 1
    assert 'unknown command "dance" for "pilothouse"' in capsys.readouterr().err


def test_wrong_flags_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--no-such"]) == 1
    assert capsys.readouterr().err == "Error: unknown flag: --no-such\n"
    assert cli.kube_apiserver(["what"]) == 1
    assert capsys.readouterr().err == 'Error: "kube-apiserver" does not take any arguments, got ["what"]\n'
