"""Query options: Go's conversions, checks and wordings."""

import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints import options
from pilothouse.endpoints.options import ListOptions
from pilothouse.registry.rest import DeleteOptions


def request(query: str = "", **headers: str) -> Request:
    return Request("GET", "/", query, [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()])


def same(label: str, value: str) -> tuple[str, str]:
    return label, value


def listed(query: str) -> ListOptions:
    return options.list_options(request(query), same)


def refusal(query: str) -> StatusError:
    with pytest.raises(StatusError) as e:
        listed(query)
    return e.value


def test_list_options() -> None:
    found = listed("labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&limit=5&continue=t&resourceVersion=0")
    assert str(found.labels) == "a=b"
    assert str(found.fields) == "metadata.name=x"
    assert (found.limit, found.continue_token, found.resource_version, found.watch) == (5, "t", "0", False)
    assert listed("") == ListOptions()
    assert listed("labelSelector=&fieldSelector=") == ListOptions()


@pytest.mark.parametrize(("text", "value"), [("", True), ("1", True), ("x", True), ("0", False), ("False", False)])
def test_booleans_are_true_unless_they_say_otherwise(text: str, value: bool) -> None:
    assert options.parse_bool(text) is value


def test_numbers() -> None:
    assert options.parse_int("+7") == 7
    for text, detail in (("x", "invalid syntax"), ("", "invalid syntax"), ("9" * 20, "value out of range")):
        assert refusal(f"limit={text}").message == f'strconv.ParseInt: parsing "{text}": {detail}'


def test_a_watch_from_now_or_any_asks_for_initial_events() -> None:
    found = listed("watch=1")
    assert (found.send_initial_events, found.resource_version_match) == (True, "NotOlderThan")
    assert listed("watch=1&resourceVersion=7").send_initial_events is None


@pytest.mark.parametrize(("query", "text"), [
    ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    ("resourceVersionMatch=Exact&resourceVersion=0", '"exact" is forbidden for resourceVersion "0"'),
    ("resourceVersionMatch=Exact&resourceVersion=1&continue=x", "is forbidden when continue is provided"),
    ("resourceVersionMatch=Odd&resourceVersion=1",
     'Unsupported value: "Odd": supported values: "Exact", "NotOlderThan", ""'),
    ("sendInitialEvents=1", "sendInitialEvents is forbidden for list"),
    ("watch=1&sendInitialEvents=0", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    ("watch=1&resourceVersionMatch=NotOlderThan", "is forbidden for watch unless sendInitialEvents is provided"),
    ("watch=1&continue=x", "resourceVersionMatch is forbidden when continue is provided"),
])
def test_combinations_that_make_no_sense(query: str, text: str) -> None:
    error = refusal(query)
    assert error.code == 422
    assert error.message.startswith('ListOptions.meta.k8s.io "" is invalid: ')
    assert text in error.message


def test_field_labels_are_translated_or_refused() -> None:
    def transform(label: str, value: str) -> tuple[str, str]:
        if label == "odd":
            raise ValueError("field label not supported: odd")
        return f"stored.{label}", value

    assert str(options.list_options(request("fieldSelector=a%3Db"), transform).fields) == "stored.a=b"
    with pytest.raises(StatusError, match="field label not supported: odd"):
        options.list_options(request("fieldSelector=odd%3Db"), transform)


def test_write_options() -> None:
    asked = request("dryRun=All&dryRun=All&fieldManager=m", user_agent="kubectl/v1")
    found = options.write_options(asked, "CreateOptions")
    assert (found.dry_run, found.field_manager, found.field_validation, found.user_agent) == (
        True, "m", "Warn", "kubectl/v1",
    )


@pytest.mark.parametrize(("query", "text"), [
    ("dryRun=None", 'dryRun: Unsupported value: ["None"]: supported values: "All"'),
    ("fieldManager=" + "x" * 129, "fieldManager: Too long: may not be more than 128 bytes"),
    ("fieldManager=bad%07", 'fieldManager: Invalid value: "bad\\a": invalid character U+0007 (at position 3)'),
    ("fieldValidation=Odd",
     'fieldValidation: Unsupported value: "Odd": supported values: "", "Ignore", "Strict", "Warn"'),
])
def test_bad_write_options(query: str, text: str) -> None:
    with pytest.raises(StatusError) as e:
        options.write_options(request(query), "UpdateOptions")
    assert e.value.message == f'UpdateOptions.meta.k8s.io "" is invalid: {text}'


def test_patch_options() -> None:
    assert options.patch_options(request("fieldManager=m&force=true"), apply=True).force
    with pytest.raises(StatusError, match="fieldManager: Required value: is required for apply patch"):
        options.patch_options(request(), apply=True)
    with pytest.raises(StatusError, match="force: Forbidden: may not be specified for non-apply patch"):
        options.patch_options(request("force=false"), apply=False)


def test_delete_options() -> None:
    assert options.delete_options(request()) == DeleteOptions()
    found = options.delete_options(
        request("gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All&uid=u&resourceVersion=7")
    )
    assert found == DeleteOptions(5, "u", "7", "Orphan", None, True)


@pytest.mark.parametrize(("query", "text"), [
    ("propagationPolicy=Odd",
     'Unsupported value: "Odd": supported values: "Foreground", "Background", "Orphan", "nil"'),
    ("orphanDependents=1&propagationPolicy=Orphan", "orphanDependents and deletionPropagation cannot be both set"),
])
def test_bad_delete_options(query: str, text: str) -> None:
    with pytest.raises(StatusError) as e:
        options.delete_options(request(query))
    assert e.value.code == 422
    assert text in e.value.message


def test_include_object_and_export() -> None:
    assert options.include_object(request()) == "Metadata"
    assert options.include_object(request("includeObject=None")) == "None"
    with pytest.raises(StatusError, match="Unable to convert to Table as requested: includeObject: Invalid value"):
        options.include_object(request("includeObject=Odd"))
    options.check_export(request("export=false"))
    with pytest.raises(StatusError, match="no longer supported"):
        options.check_export(request("export"))
