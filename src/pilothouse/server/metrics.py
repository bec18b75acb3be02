"""The server's own metrics (upstream: k8s.io/apiserver pkg/endpoints/metrics, endpoints/filters/metrics.go)."""

from collections.abc import Callable

from pilothouse.apimachinery.http import Request, StreamResponse
from pilothouse.apimachinery.requestinfo import RequestInfo, is_watch, scope_of
from pilothouse.endpoints.deprecation import DEPRECATED, REMOVED
from pilothouse.observability.metrics import ALPHA, REGISTRY, STABLE, Counter, HistogramSeries, Registry, Series
from pilothouse.server.filter_metrics import FilterMetrics
from pilothouse.server.streams import tracked

COMPONENT = "apiserver"
_LATENCY_BUCKETS = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0,
    30.0, 45.0, 60.0,
)
_SLI_BUCKETS = _LATENCY_BUCKETS[2:]
_SIZE_BUCKETS = tuple(float(10**n) for n in range(3, 10))

_ROUTE = ("verb", "group", "version", "resource", "subresource", "scope", "component")
_DRY_ROUTE = ("verb", "dry_run", *_ROUTE[1:])
_METHODS = frozenset({
    "APPLY", "CONNECT", "POST", "DELETE", "DELETECOLLECTION", "GET", "LIST", "PATCH", "PROXY", "PUT", "UPDATE",
    "WATCH", "WATCHLIST",
})
_PLAIN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})
_CONNECT_SUBRESOURCES = frozenset({"log", "exec", "portforward", "attach", "proxy"})


def reported_verb(request: Request) -> str:
    """The verb as metrics and the HTTP log show it: LIST, WATCH, APPLY and CONNECT told apart, the odd ones "other"."""
    info = request.context.request_info
    method = request.method
    verb = method
    if method in ("GET", "HEAD"):
        verb = "LIST" if scope_of(info) in ("namespace", "cluster") else "GET"
        if info.verb == "watch" or (method == "GET" and request.raw_query and is_watch(request)):
            verb = "WATCH"
    elif method == "PATCH" and request.header(b"content-type") == "application/apply-patch+yaml":
        verb = "APPLY"
    if info.is_resource_request and info.subresource in _CONNECT_SUBRESOURCES:
        verb = "CONNECT"
    return verb if verb in _METHODS else "other"


def _dry_run(request: Request) -> str:
    if "dryRun" not in request.raw_query:
        return ""
    values = [value for key, value in request.query if key == "dryRun"]
    if not values:
        return ""
    return ",".join(sorted(set(values))) if all(value == "All" for value in values) else "invalid"


def _odd(request: Request) -> bool:
    """Whether a request's labels depend on more than method and request info (its query, a patch's type).

    Methods that nobody knows are odd, too: they are the client's to choose and must not fill the memory.
    """
    query = request.raw_query
    return request.method not in _PLAIN_METHODS or (bool(query) and ("dryRun" in query or "watch" in query))


class _Route:
    """The series of one kind of request, found with one dict lookup."""

    __slots__ = ("codes", "duration", "sizes", "sli", "total")

    def __init__(
        self, total: Callable[[str], Series], duration: HistogramSeries, sli: HistogramSeries | None,
        sizes: HistogramSeries | None,
    ) -> None:
        self.total = total
        self.duration = duration
        self.sli = sli
        self.sizes = sizes
        self.codes: dict[int, Series] = {}


class _Users(dict[str, Series]):
    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def __missing__(self, name: str) -> Series:
        series = self[name] = self._counter.labels(name)
        return series


class ServerMetrics:
    """Counts what the chain sees. `registry` is the process's unless a test hands in its own."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self.registry = registry
        self.filters = FilterMetrics(registry)
        self._routes: dict[tuple[str, ...], _Route] = {}
        self._shapes: dict[tuple[object, ...], _Route] = {}
        self._define_requests(registry)
        self._define_limits(registry)
        self._define_gates(registry)

    def _define_requests(self, registry: Registry) -> None:
        self._total = registry.counter(
            "apiserver_request_total",
            "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope,"
            " component, and HTTP response code.",
            (*_DRY_ROUTE, "code"), STABLE,
        )
        self._duration = registry.histogram(
            "apiserver_request_duration_seconds",
            "Response latency distribution in seconds for each verb, dry run value, group, version, resource,"
            " subresource, scope and component.",
            _DRY_ROUTE, STABLE, _LATENCY_BUCKETS,
        )
        self._sli = registry.histogram(
            "apiserver_request_sli_duration_seconds",
            "Response latency distribution (not counting webhook duration and priority & fairness queue wait times)"
            " in seconds for each verb, group, version, resource, subresource, scope and component.",
            _ROUTE, ALPHA, _SLI_BUCKETS,
        )
        self._sizes = registry.histogram(
            "apiserver_response_sizes",
            "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and"
            " component.",
            _ROUTE, STABLE, _SIZE_BUCKETS,
        )

    def _define_limits(self, registry: Registry) -> None:
        self._long_running = registry.gauge(
            "apiserver_longrunning_requests",
            "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope"
            " and component. Not all requests are tracked this way.",
            _ROUTE, STABLE,
        )
        self._terminations = registry.counter(
            "apiserver_request_terminations_total", "Number of requests which apiserver terminated in self-defense.",
            (*_ROUTE, "code"),
        )
        self._aborts = registry.counter(
            "apiserver_request_aborts_total",
            "Number of requests which apiserver aborted possibly due to a timeout, for each group, version, verb,"
            " resource, subresource and scope",
            _ROUTE[:-1],
        )
        self._after_timeout = registry.counter(
            "apiserver_request_post_timeout_total",
            "Tracks the activity of the request handlers after the associated requests have been timed out by the"
            " apiserver",
            ("source", "status"),
        )
        self._self_requests = registry.counter(
            "apiserver_selfrequest_total",
            "Counter of apiserver self-requests broken out for each verb, API resource and subresource.",
            ("verb", "group", "resource", "subresource"),
        )
        self._inflight = registry.gauge(
            "apiserver_current_inflight_requests",
            "Maximal number of currently used inflight request limit of this apiserver per request kind in last"
            " second.",
            ("request_kind",), STABLE,
        )
        self._inqueue = registry.gauge(
            "apiserver_current_inqueue_requests",
            "Maximal number of queued requests in this apiserver per request kind in last second.", ("request_kind",),
        )
        self._deprecated = registry.gauge(
            "apiserver_requested_deprecated_apis",
            "Gauge of deprecated APIs that have been requested, broken out by API group, version, resource,"
            " subresource, and removed_release.",
            ("group", "version", "resource", "subresource", "removed_release"), STABLE,
        )

    def _define_gates(self, registry: Registry) -> None:
        self.authenticated_users: dict[str, Series] = _Users(registry.counter(
            "authenticated_user_requests", "Counter of authenticated requests broken out by username.", ("username",)
        ))

    def watch_inflight(
        self, kind: str, running: Callable[[], int], waiting: Callable[[], int] | None = None
    ) -> None:
        """Have a scrape show the highest counts since the scrape before, which the functions give."""
        for gauge, watermark in ((self._inflight, running), (self._inqueue, waiting)):
            if watermark is not None:
                self.registry.add_collector(_shown(gauge.labels(kind), watermark))

    def record(
        self, request: Request, status: int, size: int, seconds: float,
        known: Callable[[RequestInfo], bool] | None = None,
    ) -> None:
        """One request that reached a handler and is answered (upstream: MonitorRequest).

        `size` is the body's in bytes. `known` is asked before a new set of labels is added; made-up resources
        must not fill the memory.
        """
        info = request.context.request_info
        # All that the labels depend on, but for what `_odd` tells.
        shape = (
            request.method, info.verb, info.api_group, info.api_version, info.resource, info.subresource,
            not info.name, not info.namespace, "" if info.is_resource_request else info.path,
        )
        odd = _odd(request)
        route = None if odd else self._shapes.get(shape)
        if route is None:
            route = self._find_route(request, known)
            if route is None:
                return
            if not odd:
                self._shapes[shape] = route
        code = route.codes.get(status)
        if code is None:
            code = route.codes[status] = route.total(str(status))
        code.value += 1
        route.duration.observe(seconds)
        if route.sli is not None:
            latency = request.context.latency
            route.sli.observe(seconds if latency is None else seconds - latency.outside())
        if route.sizes is not None:
            route.sizes.observe(size)

    def _find_route(self, request: Request, known: Callable[[RequestInfo], bool] | None) -> _Route | None:
        dry_run = _dry_run(request)
        verb, *rest = self._route_labels(request)
        key = (verb, dry_run, *rest)
        route = self._routes.get(key)
        if route is None:
            if known is not None and not known(request.context.request_info):
                return None
            notes = request.context.audit_annotations or {}
            if DEPRECATED in notes:
                self._deprecated.labels(*rest[:4], notes.get(REMOVED, "")).set(1)
            route = self._routes[key] = _Route(
                lambda code: self._total.labels(*key, code),
                self._duration.labels(*key),
                None if dry_run else self._sli.labels(verb, *rest),
                self._sizes.labels(verb, *rest) if verb in ("GET", "LIST") else None,
            )
        return route

    def follow(self, request: Request, response: StreamResponse, record: Callable[[int], None]) -> None:
        """Call `record` with the bytes sent when `response` is over; until then a long-running one is in the gauge."""
        stream = tracked(response)
        if request.context.request_info.long_running:
            series = self._long_running.labels(*self._route_labels(request))
            series.value += 1

            def ended() -> None:
                series.value -= 1

            stream.on_end(ended)
        stream.on_end(lambda: record(stream.size))

    def record_termination(self, request: Request, code: int) -> None:
        """A request that the server ended in self-defence."""
        self._terminations.labels(*self._route_labels(request), str(code)).value += 1

    def record_abort(self, request: Request) -> None:
        """A request that ends without an answer: its client is gone."""
        self._aborts.labels(*self._route_labels(request)[:-1]).value += 1

    def record_after_timeout(self, status: str) -> None:
        """What became of the handler of a request whose time was over: "ok", "error" or "panic"."""
        self._after_timeout.labels("timeout-handler", status).value += 1

    def record_dropped(self, request: Request) -> None:
        """A request that was refused because too many were running."""
        verb, *rest = self._route_labels(request)
        self._total.labels(verb, _dry_run(request), *rest, "429").value += 1

    def record_self_request(self, request: Request) -> None:
        """A request of the server to itself."""
        verb, group, _, resource, subresource, *_ = self._route_labels(request)
        self._self_requests.labels(verb, group, resource, subresource).value += 1

    @staticmethod
    def _route_labels(request: Request) -> tuple[str, ...]:
        info = request.context.request_info
        verb = reported_verb(request)
        if info.is_resource_request:
            labels = (info.api_group, info.api_version, info.resource, info.subresource)
        else:
            labels = ("", "", "", info.path)
        return (verb, *labels, scope_of(info), COMPONENT)


def _shown(series: Series, watermark: Callable[[], int]) -> Callable[[], None]:
    return lambda: series.set(watermark())
