"""What is stored, and how requests fare under it."""

from tests.flowcontrol.support import Clock, controller, info, level, queuing, schema

from pilothouse.apimachinery.user import User
from pilothouse.flowcontrol import dump
from pilothouse.flowcontrol.controller import FlowController
from pilothouse.flowcontrol.queueset import Ticket
from pilothouse.flowcontrol.work import ONE_SEAT

BOB = User("bob", groups=("dev", "system:authenticated"))
MASTER = User("root", groups=("system:masters",))


def start(flow: FlowController, user: User = BOB) -> Ticket | str:
    found = flow.classify(user, info())
    return flow.start(found, ONE_SEAT, (user, info(), found))


def test_what_is_mandatory_is_always_there() -> None:
    flow, _ = controller(Clock())
    assert flow.classify(MASTER, info()).schema.name == "exempt"
    found = flow.classify(User("x", groups=("system:unauthenticated",)), info())
    assert (found.schema.name, found.level.name) == ("catch-all", "catch-all")
    # whom no schema knows is caught all the same
    assert flow.classify(User("x"), info()).schema.name == "catch-all"


def test_changes_take_effect_with_the_next_request() -> None:
    flow, _ = controller(Clock())
    assert flow.classify(BOB, info()).schema.name == "catch-all"
    flow.apply("PriorityLevelConfiguration", "mine", level("mine", response=queuing()))
    flow.apply("FlowSchema", "bobs", schema("bobs", "mine"))
    found = flow.classify(BOB, info())
    assert (found.schema.name, found.level.name, found.distinguisher) == ("bobs", "mine", "bob")
    assert found.headers == (
        (b"x-kubernetes-pf-flowschema-uid", b"uid-bobs"), (b"x-kubernetes-pf-prioritylevel-uid", b"uid-mine")
    )
    flow.apply("FlowSchema", "first", schema("first", "mine", 10))
    assert flow.classify(BOB, info()).schema.name == "first"
    flow.apply("FlowSchema", "first", None)
    # a schema whose level is not there is none
    flow.apply("FlowSchema", "lost", schema("lost", "nowhere", 1))
    assert flow.classify(BOB, info()).schema.name == "bobs"
    flow.apply("PriorityLevelConfiguration", "mine", None)
    assert flow.classify(BOB, info()).schema.name == "catch-all"


def test_a_level_goes_when_it_is_idle() -> None:
    flow, _ = controller(Clock())
    flow.apply("PriorityLevelConfiguration", "mine", level("mine"))
    flow.apply("FlowSchema", "bobs", schema("bobs", "mine"))
    found = flow.classify(BOB, info())
    ticket = flow.start(found, ONE_SEAT, (BOB, info(), found))
    assert isinstance(ticket, Ticket)
    flow.apply("PriorityLevelConfiguration", "mine", None)
    flow.classify(BOB, info())
    assert flow.levels["mine"].quiescing
    flow.finish(found, ticket)
    flow.classify(BOB, info())
    assert "mine" not in flow.levels


def test_broken_levels_are_ignored() -> None:
    flow, _ = controller(Clock())
    flow.apply("PriorityLevelConfiguration", "bad", {"metadata": {"name": "bad"}, "spec": {"type": "Limited"}})
    flow.apply("PriorityLevelConfiguration", "odd", {
        "metadata": {"name": "odd"}, "spec": {"type": "Exempt", "exempt": {}}
    })
    flow.classify(BOB, info())
    assert set(flow.levels) == {"exempt", "catch-all"}


def test_seats_are_shared_out_by_shares() -> None:
    flow, registry = controller(Clock(), limit=100)
    flow.apply("PriorityLevelConfiguration", "big", level("big", 70, lendablePercent=50))
    flow.apply("PriorityLevelConfiguration", "small", level("small", 25, borrowingLimitPercent=100))
    flow.classify(BOB, info())
    big, small, rest = flow.levels["big"], flow.levels["small"], flow.levels["catch-all"]
    assert (big.nominal, big.lower, big.upper) == (70, 35, 170)
    assert (small.nominal, small.lower, small.upper) == (25, 25, 50)
    assert rest.nominal == 5
    assert sum(x.current for x in (big, small, rest)) == 100
    assert 'nominal_limit_seats{priority_level="big"} 70' in registry.render().decode()


def test_what_is_not_used_is_lent() -> None:
    clock = Clock()
    flow, _ = controller(clock, limit=100)
    flow.apply("PriorityLevelConfiguration", "idle", level("idle", 45, lendablePercent=80))
    flow.apply("PriorityLevelConfiguration", "busy", level("busy", 50, response=queuing(1, 500, 1)))
    flow.apply("FlowSchema", "bobs", schema("bobs", "busy"))
    for _ in range(300):
        start(flow)
    assert flow.levels["busy"].set.executing < 300
    for _ in range(20):
        clock.advance(10)
        flow.adjust()
    # the idle level keeps what it must not lend
    assert flow.levels["idle"].current <= 12
    assert flow.levels["busy"].current >= 80
    assert flow.levels["busy"].set.executing == flow.levels["busy"].current


def test_refusals() -> None:
    flow, _ = controller(Clock(), limit=10)
    flow.apply("PriorityLevelConfiguration", "mine", level("mine", 30))
    flow.apply("FlowSchema", "bobs", schema("bobs", "mine"))
    answers = [start(flow) for _ in range(20)]
    assert answers.count("concurrency-limit") == 20 - flow.levels["mine"].current
    assert isinstance(start(flow, MASTER), Ticket)


def test_dumps() -> None:
    clock = Clock()
    flow, _ = controller(clock, limit=2)
    flow.apply("PriorityLevelConfiguration", "mine", level("mine", 30, response=queuing(1, 9, 1)))
    flow.apply("FlowSchema", "bobs", schema("bobs", "mine"))
    for _ in range(3):
        start(flow)
    start(flow, MASTER)
    levels = dump.priority_levels(flow).splitlines()
    assert levels[0].split() == [
        "PriorityLevelName,", "ActiveQueues,", "IsIdle,", "IsQuiescing,", "WaitingRequests,", "ExecutingRequests,",
        "DispatchedRequests,", "RejectedRequests,", "TimedoutRequests,", "CancelledRequests",
    ]
    assert [line.split()[0] for line in levels[1:]] == ["catch-all,", "exempt,", "mine,"]
    assert levels[3].split()[1:6] == ["1,", "false,", "false,", "1,", "2,"]
    assert dump.queues(flow).splitlines()[1].split()[:4] == ["mine,", "0,", "1,", "2,"]
    rows = dump.requests(flow, details=True, wall=lambda at: 1_700_000_000 + at).splitlines()
    assert len(rows) == 5
    waiting = next(row for row in rows if row.split()[:4] == ["mine,", "bobs,", "0,", "0,"])
    assert "2023-11-14T22:15:00.000000Z" in waiting
    assert "0001-01-01T00:00:00Z" in waiting
    assert "bob" in waiting
    assert "UserName" not in dump.requests(flow, details=False, wall=lambda at: at)
