"""For each kind of finding of `annals verify`, a way to break a calm schedule's servers so that it must be named.

Each changes by hand what is stored, as a restored backup or another program might, or what should be there: the topics,
the time, the code. It returns what a verification reads then, unless that is the servers alone.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from tests.simulation.breakages import of_read_models, of_sagas, of_the_log, of_the_table, of_windows
from tests.simulation.breakages.parts import Break
from workers.operations.verification.findings import FindingKind as Kind

BREAKAGES: Mapping[Kind, Break] = {
    Kind.TOPIC_MISFIT: of_the_log.recreate_a_topic,
    Kind.INTERRUPTED: of_the_log.interrupt_a_lane,
    Kind.COMMANDS_WAITING: of_the_log.send_a_command,
    Kind.COMMAND_NOT_HANDLED: of_the_log.pass_a_command_over,
    Kind.LANE_SET_BACK: of_the_log.set_a_lane_back,
    Kind.MISSING_IN_LOG: of_the_log.shorten_the_log,
    Kind.MISSING_IN_TABLE: of_the_log.set_the_table_back,
    Kind.EVENT_DIFFERS: of_the_log.change_an_event,
    Kind.FOREIGN_RECORD: of_the_log.write_to_the_log,
    Kind.WITHOUT_COMMAND: of_the_log.forget_an_outcome,
    Kind.VERSION_GAP: of_the_log.leave_a_version_out,
    Kind.UNIQUE_CLAIM_MISSING: of_the_table.release_a_claim,
    Kind.UNIQUE_CLAIM_OF_ANOTHER: of_the_table.give_a_claim_away,
    Kind.UNIQUE_CLAIM_LEFT_OVER: of_the_table.leave_a_claim_over,
    Kind.CREDENTIAL_LEFT_OVER: of_the_table.leave_a_credential_over,
    Kind.SNAPSHOT_DIFFERS: of_the_table.change_a_snapshot,
    Kind.SAGA_BEHIND: of_sagas.set_a_saga_back,
    Kind.SAGA_AHEAD: of_sagas.set_a_saga_ahead,
    Kind.INSTANCE_MISSING: of_sagas.remove_an_instance,
    Kind.INSTANCE_LEFT_OVER: of_sagas.add_an_instance,
    Kind.INSTANCE_DIFFERS: of_sagas.change_an_instance,
    Kind.JOURNAL_GAP: of_sagas.remove_the_first_entry,
    Kind.JOURNAL_DIFFERS: of_sagas.change_an_entry,
    Kind.INTERNAL_EVENT_FORGED: of_sagas.forge_an_internal_event,
    Kind.EVENT_NOT_APPLIED: of_sagas.forget_an_event,
    Kind.EVENT_APPLIED_TWICE: of_sagas.apply_an_event_again,
    Kind.DEADLINE_MISSING: of_sagas.remove_a_deadline,
    Kind.DEADLINE_LEFT_OVER: of_sagas.add_a_deadline,
    Kind.DEADLINE_DIFFERS: of_sagas.change_a_deadline,
    Kind.DEADLINE_OVERDUE: of_sagas.let_time_pass,
    Kind.REJECTION_MISSING: of_sagas.forget_a_rejection,
    Kind.REJECTION_LEFT_OVER: of_sagas.reject_a_step_that_is_not_there,
    Kind.REJECTION_OVERDUE: of_sagas.do_not_handle_a_rejection,
    Kind.ENDLESS: of_sagas.change_status,
    Kind.HELD_WITHOUT_OWNER: of_sagas.remove_the_owner,
    Kind.STEP_GAP: of_sagas.remove_a_step,
    Kind.STEP_MISSING: of_sagas.remove_the_last_step,
    Kind.STEP_LEFT_OVER: of_sagas.add_a_step,
    Kind.STEP_DIFFERS: of_sagas.change_a_step,
    Kind.STEP_WITHOUT_OUTCOME: of_sagas.forget_the_outcome_of_a_step,
    Kind.STEP_FAILED: of_sagas.let_a_step_fail,
    Kind.READ_MODEL_BEHIND: of_read_models.set_the_read_model_back,
    Kind.READ_MODEL_AHEAD: of_read_models.set_the_read_model_ahead,
    Kind.DOCUMENT_MISSING: of_read_models.remove_a_document,
    Kind.DOCUMENT_LEFT_OVER: of_read_models.add_a_document,
    Kind.DOCUMENT_DIFFERS: of_read_models.change_a_document,
    Kind.ENTRY_MISSING: of_read_models.remove_an_entry,
    Kind.ENTRY_LEFT_OVER: of_read_models.add_an_entry,
    Kind.ANALYTICS_BEHIND: of_windows.publish_other_lanes_alone,
    Kind.WINDOW_MISSING: of_windows.remove_a_window,
    Kind.WINDOW_LEFT_OVER: of_windows.add_a_window,
    Kind.WINDOW_DIFFERS: of_windows.change_a_window,
    Kind.PARKED: of_read_models.park_a_stream,
    Kind.CODE_RAISES: of_read_models.run_code_that_raises,
}

CONSEQUENCES: Mapping[Kind, AbstractSet[Kind]] = {
    Kind.MISSING_IN_TABLE: {Kind.SAGA_AHEAD, Kind.READ_MODEL_AHEAD, Kind.DOCUMENT_DIFFERS, Kind.JOURNAL_DIFFERS},
    Kind.EVENT_DIFFERS: {Kind.DOCUMENT_DIFFERS},
    Kind.WITHOUT_COMMAND: {Kind.COMMAND_NOT_HANDLED},
    Kind.VERSION_GAP: {Kind.EVENT_DIFFERS, Kind.DOCUMENT_DIFFERS},
    Kind.SAGA_BEHIND: {Kind.JOURNAL_DIFFERS},
    Kind.JOURNAL_GAP: {Kind.EVENT_NOT_APPLIED},
    Kind.EVENT_APPLIED_TWICE: {Kind.INSTANCE_DIFFERS, Kind.JOURNAL_DIFFERS},
    Kind.REJECTION_OVERDUE: {Kind.REJECTION_LEFT_OVER},
    Kind.ENDLESS: {Kind.INSTANCE_DIFFERS},
    Kind.HELD_WITHOUT_OWNER: {Kind.INSTANCE_MISSING},
    Kind.STEP_GAP: {Kind.STEP_MISSING},
    Kind.STEP_WITHOUT_OUTCOME: {Kind.COMMAND_NOT_HANDLED, Kind.WITHOUT_COMMAND},
    Kind.STEP_FAILED: {Kind.WITHOUT_COMMAND},
    Kind.READ_MODEL_BEHIND: {Kind.DOCUMENT_DIFFERS},
}
"""What else is wrong after a breakage, as one change makes several things differ."""
