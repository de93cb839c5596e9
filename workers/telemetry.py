"""The metrics of the workers. Operators rely on their names and labels; infra/README.md lists them."""

from prometheus_client import Counter, Gauge, Histogram

LANE = ("role", "follower", "topic", "partition")
"""One lane: a process may have several followers of one topic in one role, and no other value tells them apart."""

LANES_HELD = Gauge("annals_lanes_held", "Lanes that this process holds", ["role", "topic"])
TAKEOVERS = Counter("annals_lane_takeovers", "Lanes acquired", ["role", "topic"])
FENCED = Counter(
    "annals_lane_fenced", "Writes rejected because another worker has acquired the lane", ["role", "topic"]
)
LANE_FAULTS = Counter("annals_lane_faults", "Lanes abandoned and acquired again after a fault", ["role", "fault"])
LAST_PROGRESS = Gauge(
    "annals_lane_last_progress_timestamp_seconds",
    "When the lane last made progress or was idle",
    LANE,
)
LAG = Gauge("annals_lane_lag", "Records between a lane and the end of its topic", LANE)
LAG_SECONDS = Gauge("annals_lane_lag_seconds", "Age of the oldest record that a lane has not handled", LANE)
CAUGHT_UP = Gauge(
    "annals_lane_caught_up", "1: the lane is at the end of its topic, or behind by a few seconds at most", LANE
)
INTERRUPTED = Gauge(
    "annals_lane_interrupted", "1: commands may have been lost, and no operator has acknowledged it", LANE
)
OF_A_LANE = (LAST_PROGRESS, LAG, LAG_SECONDS, CAUGHT_UP, INTERRUPTED)
"""Shown by the process that has the lane, and by no other."""
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
    "annals_commands", "Commands handled; code: why a command was not accepted", ["context", "type", "status", "code"]
)
REPEATED = Counter("annals_commands_repeated", "Repeated commands answered with the stored outcome", ["context"])
IDS_REUSED = Counter(
    "annals_commands_reused_ids", "Commands rejected because their id belongs to another command", ["context"]
)
DEPRECATED_COMMANDS = Counter(
    "annals_deprecated_commands",
    "Deprecated commands that arrived; source: who sent them, the first 50 of each process, then other",
    ["command", "source"],
)
EVENTS = Counter("annals_events", "Events written", ["context"])
SNAPSHOTS = Counter("annals_snapshots", "Snapshots of streams taken", ["context"])
SNAPSHOTS_UNUSABLE = Counter(
    "annals_snapshots_unusable",
    "Snapshots that were not taken or not used because they would not give the same state",
    ["context", "step"],
)
REPUBLISHED = Counter("annals_events_republished", "Events published by the next owner of a lane", ["context"])
LOG_INTERRUPTIONS = Counter(
    "annals_log_interruptions",
    "Times that a topic of a lane had changed; kind: recreated, deleted, truncated",
    ["role", "topic", "kind"],
)
RECORDS_MISSING = Counter(
    "annals_records_missing",
    "Records deleted before a lane had read them, as far as their number is known",
    ["role", "topic"],
)
LOG_SHORTENED = Counter("annals_log_shortened", "Times that the log ended before the mark of the lane", ["topic"])
REDIRECTED = Counter("annals_commands_redirected", "Commands sent on to the partition of their key", ["topic"])
DEAD_LETTERS = Counter("annals_dead_letters", "Records moved to the dead letters", ["topic", "reason"])
FOREIGN_RECORDS = Counter(
    "annals_foreign_records_skipped",
    "Records and unreadable batches in an event log that Annals did not write",
    ["role", "topic"],
)
REPEATS_DROPPED = Counter(
    "annals_repeats_dropped", "Records of the log dropped because they were applied before", ["role", "topic"]
)
LOG_GAPS_FILLED = Counter(
    "annals_log_gaps_filled", "Events read from the table because the log lacked them", ["role", "topic"]
)
UNSIGNED_RECORDS = Counter(
    "annals_records_unsigned",
    "Records of the log that this installation has not signed; the table was read in their place",
    ["role", "topic"],
)
FORGED_EVENTS = Counter(
    "annals_events_forged",
    "Events of the log that were not applied, as the table does not have them or has others in their places",
    ["role", "topic"],
)
PROJECTED = Counter("annals_events_projected", "Events applied to a read model", ["projection"])
REBUILDS = Counter("annals_projection_rebuilds", "Lanes rebuilt because their read model was gone", ["projection"])
DOCUMENTS_LOST = Counter(
    "annals_projection_documents_lost",
    "Documents that the store had lost, or whose index entries it had lost; rebuilt from the table",
    ["projection"],
)
OUTDATED = Gauge(
    "annals_projection_outdated", "1: built by other code than this process runs", ["projection", "partition"]
)
STALENESS = Gauge(
    "annals_projection_staleness_seconds",
    "Age of the newest applied event when it was applied; 0 if there is nothing left to apply",
    ["projection", "partition"],
)
WAITING = Gauge("annals_streams_waiting", "Parked streams", ["follower", "topic", "partition"])
PARKED = Counter("annals_streams_parked", "Streams parked because the code failed on an event", ["follower", "topic"])
STEPS = Counter("annals_saga_steps", "Commands sent by sagas", ["saga", "step"])
INSTANCE_CONFLICTS = Counter(
    "annals_saga_instance_conflicts",
    "Batches decided again because another lane, of any process, had changed an instance or a deadline",
    ["topic"],
)
INTERNAL_EVENTS_FAILED = Counter(
    "annals_saga_internal_events_failed",
    "Deadlines and answers to steps on which the code of a saga failed; tried again later",
    ["saga"],
)
