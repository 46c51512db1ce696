"""Prometheus metrics. Labels are fixed words and route templates: never entity names, ids or addresses.

The amounts of `BFF_SPEND_METRICS` are the exception: they are by team or by entity, and off unless asked for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

import bff

PREFIX = "keeptrusts_bff"
REPLICA_ROLES = ("alone", "leading", "following")
BREAKER_STATES = ("closed", "open", "half-open")
SYSTEMS_WITH_TOKENS = (
    "keeptrusts",
    "keeptrusts-admin",
    "backstage",
    "backstage-sweep",
    "backstage-notifications",
    "vault",
    "database",
)
"""The systems that the service calls with tokens of its own."""
OUTCOMES = ("ok", "denied", "rejected", "unavailable", "timeout", "contract", "cancelled", "refused")
"""How an attempt to call an outside system ends, as `CallObserver` describes."""

ALERT_CHANNELS = ("backstage", "webhook")
ALERT_OUTCOMES = ("sent", "failed", "refused", "dropped", "summarised")

LAG_PAUSE = 0.25
"""Seconds between two measurements of the event loop's lag."""

Ended = Literal["full", "unread"]
"""Why the service ends a connection: there are too many, or its answer is not read."""
Freshness = Literal["fresh", "revalidating", "stale"]
Provisioned = Literal["team", "token", "configuration", "wallet", "rotation", "revocation", "reclaim", "disabling"]
Outcome = Literal["created", "found", "refused", "failed"]
"""`found`: it was there already; `refused`: the caller may not, or asked wrongly; `failed`: Keeptrusts or Vault did not do it."""

Refused = Literal["missing", "form", "key", "audience", "issuer", "expired"]
"""Why a caller's credentials are refused."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_FIRST_STATUSES = (200, 500, 503)
_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


# A series of the time at which each counter was made doubles what a scrape costs, and Prometheus has its own way to see it.
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Cell:
    """One time series of a counter."""

    value: int = 0


class CounterCells(Collector):
    """A counter whose series are plain integers: `prometheus_client` takes a lock each time, which costs more than a look-up.

    It counts in one thread alone, that of the event loop.
    """

    def __init__(self, name: str, text: str, labels: Sequence[str], *, registry: CollectorRegistry) -> None:
        self._name = name
        self._text = text
        self._labels = tuple(labels)
        self._cells: dict[tuple[str, ...], Cell] = {}
        registry.register(self)

    def cell(self, *labels: str) -> Cell:
        """The series of these labels, from 0 on."""
        return self._cells.setdefault(labels, Cell())

    def collect(self) -> Iterator[Metric]:
        """All series, for `prometheus_client`."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, cell in self._cells.items():
            family.add_metric(labels, cell.value)
        yield family

    def documented(self) -> Documented:
        """Its row of docs/reference.md."""
        return Documented(f"{self._name}_total", "counter", self._labels, self._text)


class Durations:
    """One time series of a histogram: how many durations fell into each bucket, and their sum in seconds."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one; a bucket holds what is as long as its bound."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds


class HistogramCells(Collector):
    """A histogram by one label, whose series are plain numbers as those of `CounterCells`; `bounds` are in seconds."""

    def __init__(
        self, name: str, text: str, label: str, bounds: Sequence[float], *, registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._text = text
        self._label = label
        self._bounds = tuple(bounds)
        self._cells: dict[str, Durations] = {}
        registry.register(self)

    def cell(self, label: str) -> Durations:
        """The series of this label."""
        return self._cells.setdefault(label, Durations(self._bounds))

    def collect(self) -> Iterator[Metric]:
        """All series, for `prometheus_client`, whose buckets each hold all that is shorter."""
        family = HistogramMetricFamily(self._name, self._text, labels=(self._label,))
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        for label, cell in self._cells.items():
            family.add_metric((label,), list(zip(bounds, accumulate(cell.counts), strict=True)), cell.sum)
        yield family

    def documented(self) -> Documented:
        """Its row of docs/reference.md."""
        return Documented(self._name, "histogram", (self._label,), self._text)


@dataclass(frozen=True, slots=True)
class SpendSeries:
    """The amounts of one team, or of one entity with its team and its owner; an empty label is left out.

    Amounts are in US dollars but for `wallet`, which has its currency. What is not known, or means nothing without a daily
    budget, is None. `exhaustion` is in seconds: how long the budget lasts at today's pace, 0 once it is used up, None where
    it lasts until its reset.
    """

    team: str
    entity: str = ""
    owner: str = ""
    spent: float | None = None
    budget: float | None = None
    used_ratio: float | None = None
    exhaustion: float | None = None
    wallet: tuple[float, str] | None = None


class SpendGauges(Collector):
    """The gauges of amounts. They are rendered when they change and not when they are read, since they may be thousands."""

    _LABELS = ("team", "entity", "owner")
    _GAUGES: tuple[tuple[str, str, str], ...] = (
        (
            "spent",
            "spent_today_usd",
            "Spend of the budget day so far, with `BFF_SPEND_METRICS`; of one entity as on its card",
        ),
        ("budget", "daily_budget_usd", "Declared daily budget; of a team what its entities declare, each key once"),
        (
            "used_ratio",
            "budget_used_ratio",
            "Share of the daily budget that is spent; of a team the largest of its entities",
        ),
        (
            "exhaustion",
            "budget_exhaustion_seconds",
            "Time until the daily budget runs out at today's pace, 0 once it has; no series where it lasts until its reset; of a team the first",
        ),
    )
    _WALLET = ("wallet_available", "What the wallet of the team has left, with `BFF_SPEND_METRICS`")
    _LEFT_OUT = ("spend_series_left_out", "Teams or entities that have no series of amounts, since there are too many")

    def __init__(self, series: Sequence[SpendSeries] = (), left_out: int = 0) -> None:
        self._series = series
        self._left_out = left_out
        self._rendered = b""
        self._shown: Callable[[], bool] = lambda: False

    def watch(self, shown: Callable[[], bool]) -> None:
        """Call `shown` for whether there are amounts to show whenever metrics are read."""
        self._shown = shown

    @staticmethod
    def render(series: Sequence[SpendSeries], left_out: int) -> bytes:
        """The text of `series`; takes a while for thousands, and may run in any thread."""
        registry = CollectorRegistry()
        registry.register(SpendGauges(series, left_out))
        return generate_latest(registry)

    def show(self, rendered: bytes) -> None:
        """Let metrics have this text, which `render` has made, from now on."""
        self._rendered = rendered

    def exposition(self) -> bytes:
        """What there is to show now."""
        return self._rendered if self._shown() else b""

    def collect(self) -> Iterator[Metric]:
        """All series, for `prometheus_client`."""
        for field, name, text in self._GAUGES:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=self._LABELS)
            for each in self._series:
                value: float | None = getattr(each, field)
                if value is not None:
                    family.add_metric((each.team, each.entity, each.owner), value)
            yield family
        name, text = self._WALLET
        family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=(*self._LABELS, "currency"))
        for each in self._series:
            if each.wallet is not None:
                amount, currency = each.wallet
                family.add_metric((each.team, each.entity, each.owner, currency), amount)
        yield family
        name, text = self._LEFT_OUT
        yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=self._left_out)

    def documented(self) -> list[Documented]:
        """Their rows of docs/reference.md."""
        rows = [Documented(f"{PREFIX}_{name}", "gauge", self._LABELS, text) for _, name, text in self._GAUGES]
        name, text = self._WALLET
        rows.append(Documented(f"{PREFIX}_{name}", "gauge", (*self._LABELS, "currency"), text))
        name, text = self._LEFT_OUT
        return [*rows, Documented(f"{PREFIX}_{name}", "gauge", (), text)]


class Metrics:
    """Every metric of one service, in a registry of its own. Receives the calls to outside systems as a `CallObserver`.

    Counters begin at 0 wherever their labels are known beforehand, so that `increase` sees the first event: those of
    routes from `begin`, those of calls to outside systems from the first attempt of an operation.
    """

    def __init__(self) -> None:
        self.registry, self.spend = CollectorRegistry(), SpendGauges()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

        def cells(name: str, text: str, *labels: str) -> CounterCells:
            return CounterCells(f"{PREFIX}_{name}", text, labels, registry=self.registry)

        self._requests = cells(
            "http_requests", "Requests answered, by route template, method and status", "route", "method", "status"
        )
        self._durations = HistogramCells(
            f"{PREFIX}_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last, by route template",
            "route",
            _REQUEST_BUCKETS,
            registry=self.registry,
        )
        answers = cells(
            "answers",
            "Answers about entities by the age of the facts: fresh, revalidating (being read again) or stale (upstream down)",
            "freshness",
        )
        self._answers = {word: answers.cell(word) for word in get_args(Freshness)}
        renderings = cells(
            "renderings",
            "Answers taken from memory (hit) or assessed and serialised for this request (miss)",
            "outcome",
        )
        self._hits, self._misses = renderings.cell("hit"), renderings.cell("miss")
        self._coalesced = counter(
            "coalesced_requests", "Requests that waited for a read of Keeptrusts already under way"
        )
        self._refreshes = counter("refreshes", "Reads of all facts by outcome: ok, partial or failed", "outcome")
        self._rejected_rows = gauge(
            "rejected_rows",
            "Rows of the latest reading that were left out, or have an unknown status, by list (spend: events of open days); /health names them",
            "list",
        )
        self._attempts = counter(
            "upstream_attempts", "Attempts that were made to call an outside system", "system", "operation", "outcome"
        )
        self._attempt_durations = Histogram(
            f"{PREFIX}_upstream_attempt_duration_seconds",
            "Time an attempt to call an outside system took",
            ("system", "operation"),
            buckets=_CALL_BUCKETS,
            registry=self.registry,
        )
        self._retries = counter("upstream_retries", "Attempts that were made again", "system", "operation")
        self._own_token_refused = counter(
            "own_token_refused",
            "Calls at which an outside system refused the service's own token (401 or 403) or password, and no newer one was accepted",
            "system",
        )
        self._secret_read = gauge(
            "secret_read_timestamp_seconds",
            "When a secret was last read, in seconds since 1970: at the start, and again when its file changes or it is refused",
            "secret",
        )
        self._breaker = gauge(
            "breaker_state", "1 for the state in which a breaker is, 0 for the others", "system", "state"
        )
        self._snapshot_age = gauge(
            "snapshot_age_seconds",
            "Age of the facts that are being served; -1 while there are none: before the first, or when all are too old",
        )
        self._stale_left = gauge(
            "snapshot_stale_seconds_left",
            "Time until the facts are too old to be served if no read succeeds; -1 before the first, 0 when they are",
        )
        self._refresh_seconds = gauge(
            "snapshot_refresh_seconds", "Age at which the facts are read again, as configured"
        )
        self._stale_limit_seconds = gauge(
            "snapshot_stale_limit_seconds", "Age up to which the facts are served while no read succeeds, as configured"
        )
        self._can_answer = gauge(
            "can_answer", "1 while there are facts to answer from that are young enough; /readyz does not depend on it"
        )
        self._draining = gauge("draining", "1 once the process was asked to stop")
        self._define_watch(counter, gauge)
        self._findings_source: Callable[[], Mapping[str, int]] = dict
        self._read_share = gauge(
            "ledger_read_ratio", "Share of today's time so far whose events have been read, 0 to 1; -1 before the first"
        )
        self._difference = gauge(
            "ledger_checksum_difference_usd",
            "What the wallets have paid beyond what the events add up to, since the baseline, where this process leads",
        )
        self._short = gauge(
            "ledger_short",
            "1 while the wallets say that events are missing, so that sums are lower bounds, where this process leads",
        )
        self._role = gauge(
            "replica_role",
            "1 for what this process does, 0 for the others: leading (reads Keeptrusts for all), following, or alone (without a database)",
            "role",
        )
        self._backlog = gauge(
            "ledger_backlog_seconds",
            "Time up to now whose events have not been read, older days aside, where this process leads; -1 elsewhere and at first",
        )
        self._database_up = gauge(
            "database_up", "1 when the database could be used at the last reading, 0 when not or before the first"
        )
        self._connections = gauge("open_connections", "Connections that clients hold open to `BFF_PORT`")
        self._most_connections = gauge(
            "open_connections_limit",
            "Connections that clients may hold open to `BFF_PORT`, as configured; 0 for any number",
        )
        self._ended = counter(
            "connections_ended",
            "Connections that the service ended: full (there are too many), or unread (an answer was not read in time)",
            "reason",
        )
        self._loop_lag = Histogram(
            f"{PREFIX}_event_loop_lag_seconds",
            f"How late the event loop runs what is due, measured every {LAG_PAUSE:g} s",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self._certificate_expiry = gauge(
            "certificate_expiry_timestamp_seconds",
            "Time at which a certificate of this service expires, in seconds since 1970; NaN while its file cannot be read",
            "certificate",
        )
        gauge("build_info", "1, with the version as label", "version").labels(bff.__version__).set(1)
        self._provisioning = counter(
            "provisioning",
            "Provisioning requests by what was asked for and how it ended: created, found, refused or failed",
            "action",
            "outcome",
        )
        for action in get_args(Provisioned):
            for outcome in get_args(Outcome):
                self._provisioning.labels(action, outcome)
        self._policy_rejected = counter(
            "provisioning_policy_rejected", "Changes of the provisioning policy's file that could not be used"
        )
        self._refused = counter(
            "callers_refused",
            "Requests whose credentials are refused: missing, form, key, audience, issuer or expired",
            "reason",
        )
        self._certificate_reloads = counter(
            "certificate_reloads",
            "Times that a changed certificate of the listener was read: ok, or failed, so that the one before stays in use",
            "outcome",
        )
        from_the_start: dict[Counter, tuple[str, ...]] = {
            self._own_token_refused: SYSTEMS_WITH_TOKENS,
            self._ended: get_args(Ended),
            self._refused: get_args(Refused),
            self._certificate_reloads: ("ok", "failed"),
            self._refreshes: ("ok", "partial", "failed"),
            self._sweeps: ("ok", "failed"),
        }
        for metric, words in from_the_start.items():
            for word in words:
                metric.labels(word)
        ProcessCollector(registry=self.registry)

        self._called: set[tuple[str, str]] = set()

        self._of_requests: dict[tuple[str, str, int], tuple[Cell, Durations]] = {}

    def _define_watch(self, counter: Callable[..., Counter], gauge: Callable[..., Gauge]) -> None:
        self._findings = gauge(
            "entities_with_finding",
            "Entities with the finding, of all in the catalog that carry our annotations, where this process watches; else 0",
            "code",
        )
        self._assessed = gauge(
            "entities_assessed",
            "Entities that were assessed in the last round of the watch, where this process watches; else 0",
        )
        self._sweeps = counter(
            "sweeps",
            "Readings of the catalog by the watch: ok, or failed, which leaves the entities of the one before",
            "outcome",
        )
        self._sweep_seconds = gauge("sweep_duration_seconds", "Time that the last sweep of the catalog took")
        self._sweep_at = gauge(
            "sweep_timestamp_seconds",
            "When the last whole sweep of the catalog began, in seconds since 1970; 0 before the first",
        )
        self._swept = gauge("sweep_entities", "Entities that the last whole sweep found")
        self._sweep_interval = gauge(
            "sweep_interval_seconds", "Time between two sweeps of the catalog that succeed, as configured"
        )
        self._alerts = counter(
            "alerts",
            "Alerts by what became of them: sent, failed (tried again later), refused, dropped (over before it was sent) or summarised",
            "channel",
            "outcome",
        )
        self._alerts_due = gauge(
            "alerts_due", "Alerts that wait to be sent, where this process watches; else 0", "channel"
        )
        for channel in ALERT_CHANNELS:
            self._alerts_due.labels(channel)
            for outcome in ALERT_OUTCOMES:
                self._alerts.labels(channel, outcome)

    def begin(self, routes: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Let the counters of `routes`, templates with their methods, begin at 0: for 200, 500 and 503."""
        for route, methods in routes:
            for method in methods:
                for status in _FIRST_STATUSES:
                    self._of_request(route, method, status)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        found = self._of_requests.get((route, method, status))
        count, durations = found if found is not None else self._of_request(route, method, status)
        count.value += 1
        durations.observe(seconds)

    def _of_request(self, route: str, method: str, status: int) -> tuple[Cell, Durations]:
        # A caller may invent methods; each would be a new time series.
        method = method if method in _METHODS else "other"
        found = self._requests.cell(route, method, str(status)), self._durations.cell(route)
        self._of_requests[route, method, status] = found
        return found

    def answered(self, freshness: Freshness, answers: int = 1) -> None:
        """So many answers about entities were given from facts of this age."""
        self._answers[freshness].value += answers

    def hit(self) -> None:
        """An answer was taken from memory."""
        self._hits.value += 1

    def miss(self) -> None:
        """An answer was made for a request."""
        self._misses.value += 1

    def coalesced(self) -> None:
        """A request waits for a read that is under way."""
        self._coalesced.inc()

    def refreshed(self, outcome: Literal["ok", "partial", "failed"]) -> None:
        """A read of all facts ended."""
        self._refreshes.labels(outcome).inc()

    def rejected_rows(self, name: str, rows: int) -> None:
        """So many rows of the list `name` were not understood in the latest reading."""
        self._rejected_rows.labels(name).set(rows)

    def watch_snapshot(self, age: Callable[[], float], stale_left: Callable[[], float]) -> None:
        """Call these for the age of the facts whenever metrics are read."""
        self._snapshot_age.set_function(age)
        self._stale_left.set_function(stale_left)

    def watch_ledger(
        self, share: Callable[[], float], difference: Callable[[], float], short: Callable[[], bool]
    ) -> None:
        """Call these for how far the ledger has been read, and what the wallets say beyond it, whenever metrics are read."""
        self._read_share.set_function(share)
        self._difference.set_function(difference)
        self._short.set_function(lambda: float(short()))

    def watch_database(self, backlog: Callable[[], float], up: Callable[[], bool]) -> None:
        """Call these for the seconds whose events are unread, and for the database's state, whenever metrics are read."""
        self._backlog.set_function(backlog)
        self._database_up.set_function(lambda: float(up()))

    def watch_connections(self, count: Callable[[], int], most: int | None) -> None:
        """Call `count` for the number of open connections, of which there may be `most`, whenever metrics are read."""
        self._connections.set_function(count)
        self._most_connections.set(most or 0)

    def connection_ended(self, reason: Ended) -> None:
        """The service ended a connection."""
        self._ended.labels(reason).inc()

    def watch_certificate(self, certificate: str, expires: Callable[[], float | None]) -> None:
        """Call `expires` for the end of a certificate, in seconds since 1970, whenever metrics are read.

        `certificate` is a fixed word; None from `expires` means that the file cannot be read.
        """

        def shown() -> float:
            found = expires()
            return math.nan if found is None else found

        self._certificate_expiry.labels(certificate).set_function(shown)

    async def watch_loop(self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[object]]) -> None:
        """Measure the event loop's lag every `LAG_PAUSE` seconds of `monotonic`, until cancelled."""
        while True:
            due = monotonic() + LAG_PAUSE
            await sleep(LAG_PAUSE)
            self._loop_lag.observe(max(0.0, monotonic() - due))

    def watch_service(self, can_answer: Callable[[], bool], draining: Callable[[], bool]) -> None:
        """Call these for whether it has facts and whether it is about to stop whenever metrics are read."""
        self._can_answer.set_function(lambda: float(can_answer()))
        self._draining.set_function(lambda: float(draining()))

    def certificate_reloaded(self, outcome: Literal["ok", "failed"]) -> None:
        """A changed certificate of the listener was read."""
        self._certificate_reloads.labels(outcome).inc()

    def watch_findings(self, findings: Callable[[], Mapping[str, int]], entities: Callable[[], int]) -> None:
        """Call these for the entities by finding, and for their number, whenever metrics are read."""
        self._findings_source = findings
        self._assessed.set_function(entities)

    def swept(
        self, outcome: Literal["ok", "failed"], seconds: float, *, found: tuple[int, datetime] | None = None
    ) -> None:
        """A sweep of the catalog ended; `found` is how many entities there are, and when it began, where it was whole."""
        self._sweeps.labels(outcome).inc()
        self._sweep_seconds.set(seconds)
        if found is not None:
            self.last_whole_sweep(*found)

    def last_whole_sweep(self, entities: int, at: datetime) -> None:
        """The last whole sweep that is known, of this process or another, began at `at` and found so many entities."""
        self._swept.set(entities)
        self._sweep_at.set(at.timestamp())

    def alerted(self, channel: str, outcome: str, number: int) -> None:
        """So many alerts ended this way, one of `ALERT_OUTCOMES`, on a channel."""
        self._alerts.labels(channel, outcome).inc(number)

    def alerts_due(self, channel: str, number: int) -> None:
        """So many alerts wait to be sent on a channel."""
        self._alerts_due.labels(channel).set(number)

    def configured(self, *, refresh: float, stale_limit: float, sweep: float) -> None:
        """Export the settings, in seconds, with which alerts compare the age of the facts and of the last sweep."""
        self._refresh_seconds.set(refresh)
        self._stale_limit_seconds.set(stale_limit)
        self._sweep_interval.set(sweep)

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """One attempt to call an outside system ended."""
        if (system, operation) not in self._called:
            self._called.add((system, operation))
            self._retries.labels(system, operation)
            for each in OUTCOMES:
                self._attempts.labels(system, operation, each)
        self._attempts.labels(system, operation, outcome).inc()
        self._attempt_durations.labels(system, operation).observe(seconds)

    def retried(self, system: str, operation: str) -> None:
        """An attempt is about to be made again."""
        self._retries.labels(system, operation).inc()

    def breaker(self, system: str, state: str) -> None:
        """A breaker changed its state."""
        for each in BREAKER_STATES:
            self._breaker.labels(system, each).set(each == state)

    def own_token_refused(self, system: str, operation: str) -> None:
        """A system refused the service's own token."""
        del operation
        self._own_token_refused.labels(system).inc()

    def watch_secret(self, name: str, read_at: Callable[[], datetime]) -> None:
        """Ask when the secret `name` (its setting) was last read whenever metrics are read."""
        self._secret_read.labels(name).set_function(lambda: read_at().timestamp())

    def provisioned(self, action: Provisioned, outcome: Outcome) -> None:
        """A provisioning request ended."""
        self._provisioning.labels(action, outcome).inc()

    def policy_rejected(self) -> None:
        """The provisioning policy's file has changed and cannot be used."""
        self._policy_rejected.inc()

    def refused(self, reason: str) -> None:
        """A caller was refused for `reason`, one of `Refused`."""
        self._refused.labels(reason).inc()

    def replica_role(self, role: str) -> None:
        """This replica does something else than before."""
        for each in REPLICA_ROLES:
            self._role.labels(each).set(each == role)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        for code, entities in self._findings_source().items():
            self._findings.labels(code).set(entities)
        return generate_latest(self.registry) + self.spend.exposition()


@dataclass(frozen=True, slots=True)
class Documented:
    """One metric as a row of docs/reference.md."""

    name: str
    kind: str
    labels: tuple[str, ...]
    description: str


def documented() -> list[Documented]:
    """Every metric in the order of its definition, under the name that Prometheus shows."""
    rows: list[Documented] = []
    metrics = Metrics()
    for collector in metrics.registry._collector_to_names:  # noqa: SLF001 - no public list exists
        if isinstance(collector, CounterCells | HistogramCells):
            rows.append(collector.documented())
            continue
        if isinstance(collector, ProcessCollector):
            rows += [Documented(each.name, each.type, (), each.documentation) for each in collector.collect()]
            continue
        assert isinstance(collector, Counter | Gauge | Histogram)  # noqa: S101 - nothing else is registered above
        kind = collector._type  # noqa: SLF001 - as above
        name = f"{collector._name}_total" if kind == "counter" else collector._name  # noqa: SLF001
        rows.append(Documented(name, kind, tuple(collector._labelnames), collector._documentation))  # noqa: SLF001
    return [*rows, *metrics.spend.documented()]
