"""What to do next after each of Kafka's errors: one complete table.

It lists aiokafka's error classes, which are Kafka's error codes and the client's own errors. A class that is not in the
table is treated as its base class.
"""

import logging
import ssl
from enum import Enum
from typing import Any

import aiokafka.client
from aiokafka import errors

REACH = "see that the brokers run and that bootstrap servers, security protocol, login and certificates are right"
CREDENTIALS = "set user, password and SASL mechanism right"
GRANTS = "grant the user what its process needs: `annals topics acls` prints it"
TOPICS = "run `annals topics create`"
SIZE = "raise max.message.bytes of the topic, as `annals topics create` sets it"
BROKER = "look into the broker's log and at its disks"
REPLICAS = "bring the replicas of the topic back"
VERSION = "use brokers of Kafka 4 or of a release near it"
CONFIGURATION = "set the broker's configuration, or Annals's settings, as it says"
GROUP = "another program is in the consumer group: set ANNALS_TOPIC_PREFIX, or stop it"


MAX_REASON_CHARACTERS = 300


class Next(Enum):
    """What the caller does next."""

    WAIT = "wait and try again with the same client"
    REPLACE = "throw the client away and go on with a new one"
    OPERATOR = "wait for an operator"
    TOO_LARGE = "put the record aside, or an operator raises the limit"
    CONFLICT = "look at the present state again"
    BUG = "report it with its traceback"


Row = tuple[Next, str]


def _all(step: Next, advice: str, *kinds: type[Exception]) -> dict[type[Exception], Row]:
    return dict.fromkeys(kinds, (step, advice))


STEPS: dict[type[Exception], Row] = {
    # The network, and partitions whose leader changes.
    **_all(Next.WAIT, REACH, errors.NoBrokersAvailable, errors.KafkaConnectionError, errors.KafkaUnavailableError),
    **_all(Next.WAIT, "", errors.NodeNotReadyError, errors.Cancelled, errors.TooManyInFlightRequests),
    **_all(Next.WAIT, "", errors.StaleMetadata, errors.MetadataEmptyBrokerList, errors.KafkaTimeoutError),
    **_all(Next.WAIT, "", errors.LeaderNotAvailableError, errors.NotLeaderForPartitionError),
    **_all(Next.WAIT, "", errors.RequestTimedOutError, errors.BrokerNotAvailableError, errors.ReplicaNotAvailableError),
    **_all(Next.WAIT, "", errors.StaleControllerEpochError, errors.StaleLeaderEpochCodeError),
    **_all(Next.WAIT, "", errors.NotControllerError, errors.ReassignmentInProgress, errors.ListenerNotFound),
    **_all(Next.WAIT, "", errors.OperationNotAttempted, errors.ConcurrentTransactions, errors.QuotaViolationError),
    **_all(Next.WAIT, REPLICAS, errors.NotEnoughReplicasError, errors.NotEnoughReplicasAfterAppendError),
    **_all(Next.WAIT, BROKER, errors.KafkaStorageError, errors.LogDirNotFound, errors.UnknownError),
    **_all(Next.WAIT, BROKER, errors.BrokerResponseError),
    # The group.
    **_all(Next.WAIT, "", errors.CoordinatorLoadInProgressError, errors.CoordinatorNotAvailableError),
    **_all(Next.WAIT, "", errors.NotCoordinatorError, errors.RebalanceInProgressError, errors.MemberIdRequired),
    **_all(Next.WAIT, "", errors.FetchSessionIdNotFound, errors.InvalidFetchSessionEpoch),
    **_all(Next.REPLACE, "", errors.CommitFailedError, errors.IllegalGenerationError, errors.UnknownMemberIdError),
    **_all(Next.REPLACE, "", errors.NoOffsetForPartitionError, errors.OffsetOutOfRangeError),
    **_all(Next.OPERATOR, GROUP, errors.InconsistentGroupProtocolError),
    # A client that is out of step with its broker.
    **_all(Next.REPLACE, "", errors.OutOfOrderSequenceNumber, errors.DuplicateSequenceNumber),
    **_all(Next.REPLACE, "", errors.InvalidProducerEpoch, errors.InvalidProducerIdMapping, errors.UnknownProducerId),
    **_all(Next.REPLACE, "", errors.ProducerFenced, errors.ProducerClosed, errors.ConsumerStoppedError),
    **_all(Next.REPLACE, "", errors.InvalidTxnState, errors.TransactionCoordinatorFenced),
    **_all(Next.REPLACE, REACH, errors.KafkaProtocolError, errors.CorrelationIdError),
    **_all(Next.REPLACE, "", errors.KafkaError),  # a producer raises this for anything that ended it
    # What only an operator can change.
    **_all(Next.OPERATOR, TOPICS, errors.UnknownTopicOrPartitionError),
    **_all(Next.OPERATOR, CREDENTIALS, errors.AuthenticationFailedError, errors.AuthenticationMethodNotSupported),
    **_all(Next.OPERATOR, CREDENTIALS, errors.SaslAuthenticationFailed, errors.UnsupportedSaslMechanismError),
    **_all(Next.OPERATOR, CREDENTIALS, errors.IllegalSaslStateError, errors.SecurityDisabled),
    **_all(Next.OPERATOR, CREDENTIALS, errors.DelegationTokenAuthDisabled, errors.DelegationTokenNotFound),
    **_all(Next.OPERATOR, CREDENTIALS, errors.DelegationTokenOwnerMismatch, errors.DelegationTokenRequestNotAllowed),
    **_all(Next.OPERATOR, CREDENTIALS, errors.DelegationTokenExpired, errors.InvalidPrincipalType),
    **_all(Next.OPERATOR, GRANTS, errors.TopicAuthorizationFailedError, errors.GroupAuthorizationFailedError),
    **_all(Next.OPERATOR, GRANTS, errors.ClusterAuthorizationFailedError, errors.TransactionalIdAuthorizationFailed),
    **_all(Next.OPERATOR, GRANTS, errors.DelegationTokenAuthorizationFailed),
    **_all(Next.OPERATOR, VERSION, errors.UnrecognizedBrokerVersion, errors.IncompatibleBrokerVersion),
    **_all(Next.OPERATOR, VERSION, errors.UnsupportedVersionError, errors.UnsupportedForMessageFormatError),
    **_all(Next.OPERATOR, CONFIGURATION, errors.KafkaConfigurationError, errors.InvalidConfigurationError),
    **_all(Next.OPERATOR, CONFIGURATION, errors.InvalidTopicError, errors.InvalidPartitionsError),
    **_all(
        Next.OPERATOR, CONFIGURATION, errors.InvalidReplicationFactorError, errors.InvalidReplicationAssignmentError
    ),
    **_all(Next.OPERATOR, CONFIGURATION, errors.PolicyViolationError, errors.InvalidSessionTimeoutError),
    **_all(Next.OPERATOR, CONFIGURATION, errors.InvalidGroupIdError, errors.InvalidTimestampError),
    **_all(Next.OPERATOR, "install the codec's library", errors.UnsupportedCodecError),
    **_all(Next.OPERATOR, BROKER, errors.CorruptRecordException),
    **_all(Next.TOO_LARGE, SIZE, errors.RecordTooLargeError, errors.MessageSizeTooLargeError),
    **_all(Next.TOO_LARGE, SIZE, errors.RecordListTooLargeError),
    # The change was made already, or cannot be made now.
    **_all(Next.CONFLICT, "", errors.TopicAlreadyExistsError, errors.NonEmptyGroup, errors.GroupIdNotFound),
    # Wrong use of Kafka by the program.
    **_all(
        Next.BUG, "", errors.NoError, errors.IllegalStateError, errors.IllegalArgumentError, errors.IllegalOperation
    ),
    **_all(Next.BUG, "", errors.InvalidFetchRequestError, errors.InvalidRequestError, errors.InvalidRequiredAcksError),
    **_all(Next.BUG, "", errors.OffsetMetadataTooLargeError, errors.InvalidCommitOffsetSizeError),
    **_all(Next.BUG, "", errors.InvalidTransactionTimeout),
}


def step_after(error: BaseException) -> Row:
    """What to do next, and advice for an operator (empty when there is nothing to do)."""
    if isinstance(error, OSError):  # TimeoutError is one
        return Next.WAIT, REACH
    return next((STEPS[kind] for kind in type(error).__mro__ if kind in STEPS), (Next.BUG, ""))


def error_text(error: BaseException) -> str:
    """An error's text, with the cause where aiokafka writes it only to its log."""
    text = str(error) or type(error).__name__
    if isinstance(error, errors.KafkaConnectionError) and _log.reason not in text:
        return f"{text}: {_log.reason}"
    return text


class _RemembersReasons(logging.LoggerAdapter[logging.Logger]):
    """aiokafka's log, and the last reason why it could not connect: a password, a certificate, an unknown host name.

    aiokafka raises the same "Unable to bootstrap" for all of these, and its log is mostly off.
    """

    reason = ""

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._remember(msg, *args)
        super().error(msg, *args, **kwargs)

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._remember(msg, *args)
        super().warning(msg, *args, **kwargs)

    def _remember(self, message: object, *arguments: object) -> None:
        if str(message).startswith("Unable "):
            self.reason = (str(message) % tuple(map(_told, arguments)))[:MAX_REASON_CHARACTERS]


def _told(argument: object) -> object:
    """An argument of a log line; an error that says nothing by its name, and with what TLS has said."""
    if not isinstance(argument, BaseException):
        return argument
    cause = argument.__cause__
    text = str(argument) or type(argument).__name__
    return f"{text}: {cause}" if isinstance(cause, ssl.SSLError) else text


_log = _RemembersReasons(aiokafka.client.log, {})
aiokafka.client.log = _log
