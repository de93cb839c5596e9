"""The table of the next step after each Kafka error is complete, and each error has its expected step."""

import inspect

import pytest
from aiokafka import errors

from contracts.client.kafka_errors import STEPS, Next, step_after
from infra.kafka.faults import ends_client, faults_sorted
from workers.ports.lanes import Unavailable

ALL = {
    error.__name__: error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, Exception) and error.__module__ == errors.__name__
}
EXPECTED = {
    Next.WAIT: """
        BrokerNotAvailableError BrokerResponseError Cancelled ConcurrentTransactions CoordinatorLoadInProgressError
        CoordinatorNotAvailableError FetchSessionIdNotFound GroupCoordinatorNotAvailableError GroupLoadInProgressError
        InvalidFetchSessionEpoch KafkaConnectionError KafkaStorageError KafkaTimeoutError KafkaUnavailableError
        LeaderNotAvailableError ListenerNotFound LogDirNotFound MemberIdRequired MetadataEmptyBrokerList
        NoBrokersAvailable NodeNotReadyError NotControllerError NotCoordinatorError NotCoordinatorForGroupError
        NotEnoughReplicasAfterAppendError NotEnoughReplicasError NotLeaderForPartitionError OperationNotAttempted
        QuotaViolationError ReassignmentInProgress RebalanceInProgressError ReplicaNotAvailableError
        RequestTimedOutError StaleControllerEpochError StaleLeaderEpochCodeError StaleMetadata TooManyInFlightRequests
        UnknownError""",
    Next.REPLACE: """
        CommitFailedError ConsumerStoppedError CorrelationIdError DuplicateSequenceNumber IllegalGenerationError
        InvalidProducerEpoch InvalidProducerIdMapping InvalidTxnState KafkaError KafkaProtocolError
        NoOffsetForPartitionError OffsetOutOfRangeError OutOfOrderSequenceNumber ProducerClosed ProducerFenced
        TransactionCoordinatorFenced UnknownMemberIdError UnknownProducerId""",
    Next.OPERATOR: """
        AuthenticationFailedError AuthenticationMethodNotSupported ClusterAuthorizationFailedError
        CorruptRecordException DelegationTokenAuthDisabled DelegationTokenAuthorizationFailed DelegationTokenExpired
        DelegationTokenNotFound DelegationTokenOwnerMismatch DelegationTokenRequestNotAllowed
        GroupAuthorizationFailedError IllegalSaslStateError InconsistentGroupProtocolError IncompatibleBrokerVersion
        InvalidConfigurationError InvalidGroupIdError InvalidMessageError InvalidPartitionsError InvalidPrincipalType
        InvalidReplicationAssignmentError InvalidReplicationFactorError InvalidSessionTimeoutError
        InvalidTimestampError InvalidTopicError KafkaConfigurationError PolicyViolationError SaslAuthenticationFailed
        SecurityDisabled TopicAuthorizationFailedError TransactionalIdAuthorizationFailed UnknownTopicOrPartitionError
        UnrecognizedBrokerVersion UnsupportedCodecError UnsupportedForMessageFormatError UnsupportedSaslMechanismError
        UnsupportedVersionError""",
    Next.TOO_LARGE: "MessageSizeTooLargeError RecordListTooLargeError RecordTooLargeError",
    Next.CONFLICT: "GroupIdNotFound NonEmptyGroup TopicAlreadyExistsError",
    Next.BUG: """
        IllegalArgumentError IllegalOperation IllegalStateError InvalidCommitOffsetSizeError InvalidFetchRequestError
        InvalidRequestError InvalidRequiredAcksError InvalidTransactionTimeout NoError OffsetMetadataTooLargeError""",
}


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_error_of_the_driver(name: str) -> None:
    kind = ALL[name]
    assert kind in STEPS, "not in the table"
    error = kind({"users.commands"}) if name == "OffsetOutOfRangeError" else kind("said")
    step, advice = step_after(error)
    assert name in EXPECTED[step].split()
    assert bool(advice) >= (step in (Next.OPERATOR, Next.TOO_LARGE))
    assert ends_client(error) == (step is Next.REPLACE)


def test_no_step_is_expected_for_an_error_that_no_longer_exists() -> None:
    """Compares the classes, because some errors have two names."""
    expected = {getattr(errors, name) for names in EXPECTED.values() for name in names.split()}
    assert expected == set(ALL.values())


def test_an_error_that_the_driver_marks_as_retriable_needs_no_new_client() -> None:
    """aiokafka marks an error that may be repeated as `retriable`. Repeating does not repair a protocol out of step."""
    retriable = {name for name, kind in ALL.items() if getattr(kind, "retriable", False)}
    replaced = {"CorrelationIdError", "KafkaProtocolError", "UnknownTopicOrPartitionError"}
    assert {name for name in retriable if STEPS[ALL[name]][0] is not Next.WAIT} == replaced


def test_a_broker_that_is_away_or_refuses_is_unavailable_with_advice() -> None:
    for error in (
        errors.TopicAuthorizationFailedError("users.commands"),
        errors.UnknownTopicOrPartitionError("users.commands"),
        errors.MessageSizeTooLargeError("too large"),
        ConnectionResetError("gone"),
        TimeoutError(),
    ):
        with pytest.raises(Unavailable, match="looked at") as caught, faults_sorted("users.commands is looked at"):
            raise error
        assert caught.value.advice


@pytest.mark.parametrize("error", [errors.IllegalStateError("used wrongly"), ZeroDivisionError()], ids=repr)
def test_a_wrong_use_of_the_driver_is_a_bug(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, faults_sorted():
        raise error
    assert caught.value is error
