"""What the workers count. Names and labels are part of what operators rely on; see README.md, "Metrics"."""

from prometheus_client import Counter, Gauge, Histogram

LANES_HELD = Gauge("annals_lanes_held", "Lanes that this process holds and works on", ["role", "topic"])
TAKEOVERS = Counter("annals_lane_takeovers", "Lanes taken", ["role", "topic"])
FENCED = Counter("annals_lane_fenced", "Writes refused because another worker has taken the lane", ["role", "topic"])
LANE_FAULTS = Counter("annals_lane_faults", "Lanes dropped and taken again after a fault", ["role", "fault"])
LAST_PROGRESS = Gauge(
    "annals_lane_last_progress_timestamp_seconds",
    "When the lane last moved or was idle",
    ["role", "topic", "partition"],
)
LAG = Gauge("annals_lane_lag", "Records between a lane and the end of its topic", ["role", "topic", "partition"])
LAG_SECONDS = Gauge(
    "annals_lane_lag_seconds", "Age of the oldest record that a lane has not handled", ["role", "topic", "partition"]
)
BATCH_RECORDS = Histogram(
    "annals_batch_records", "Records in a batch", ["role"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
BATCH_SECONDS = Histogram(
    "annals_batch_seconds",
    "Time from the start of a batch to its commit",
    ["role"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
OUTCOMES = Counter(
    "annals_commands", "Commands handled; code: why one was not accepted", ["context", "type", "status", "code"]
)
REPEATED = Counter("annals_commands_repeated", "Repeats answered with the stored outcome", ["context"])
IDS_REUSED = Counter("annals_commands_reused_ids", "Commands refused under the id of another one", ["context"])
EVENTS = Counter("annals_events", "Events written", ["context"])
SNAPSHOTS = Counter("annals_snapshots", "Snapshots of streams taken", ["context"])
SNAPSHOTS_UNUSABLE = Counter(
    "annals_snapshots_unusable",
    "Snapshots that were not taken, or not used, because the state would be another one",
    ["context", "step"],
)
REPUBLISHED = Counter("annals_events_republished", "Events sent again by a lane's next owner", ["context"])
LOG_INTERRUPTIONS = Counter(
    "annals_log_interruptions",
    "Times a topic was not the one that a lane had read or written; kind: recreated, deleted, truncated",
    ["role", "topic", "kind"],
)
RECORDS_MISSING = Counter(
    "annals_records_missing",
    "Records that were gone before a lane had read them, where it can be told",
    ["role", "topic"],
)
LOG_SHORTENED = Counter("annals_log_shortened", "Times the log ended before the lane's mark", ["topic"])
REDIRECTED = Counter("annals_commands_redirected", "Commands re-sent to the right partition", ["topic"])
DEAD_LETTERS = Counter("annals_dead_letters", "Records moved to the dead letters", ["topic", "reason"])
REPEATS_DROPPED = Counter(
    "annals_repeats_dropped", "Records of the log dropped because already applied", ["role", "topic"]
)
HOLES_FILLED = Counter(
    "annals_holes_filled", "Events read from the table because the log lacked them", ["role", "topic"]
)
PROJECTED = Counter("annals_events_projected", "Events applied to a read model", ["projection"])
REBUILDS = Counter("annals_projection_rebuilds", "Lanes started over because their read model was gone", ["projection"])
DOCUMENTS_LOST = Counter(
    "annals_projection_documents_lost",
    "Documents that the store had lost, whole or some of their index entries; built again from the table",
    ["projection"],
)
OUTDATED = Gauge(
    "annals_projection_outdated", "1: begun by other code than this process runs", ["projection", "partition"]
)
STALENESS = Gauge(
    "annals_projection_staleness_seconds",
    "Age of the newest event in the read model when it was applied; 0 with nothing left to apply",
    ["projection", "partition"],
)
WAITING = Gauge("annals_streams_waiting", "Parked streams", ["follower", "topic", "partition"])
PARKED = Counter("annals_streams_parked", "Streams stopped by an event that the code can't take", ["follower", "topic"])
STEPS = Counter("annals_saga_steps", "Commands emitted by sagas", ["saga", "step"])
INSTANCE_CONFLICTS = Counter(
    "annals_saga_instance_conflicts", "Batches decided anew because another lane had moved an instance", ["topic"]
)
INTERNAL_EVENTS_FAILED = Counter(
    "annals_saga_internal_events_failed",
    "Deadlines and rejections that a saga's code can't take; tried again later",
    ["saga"],
)
