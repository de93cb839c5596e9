"""ReleaseFunds and CaptureFunds."""

from contracts.payments.examples import (
    CAPTURE_FOR_ADAS_ORDER,
    CAPTURED_FOR_ADAS_ORDER,
    DECLINED_FOR_ADAS_BIG_ORDER,
    DEPOSITED_FOR_ADA,
    RELEASE_FOR_ADAS_UNLUCKY_ORDER,
    RELEASED_FOR_ADAS_UNLUCKY_ORDER,
    RESERVED_FOR_ADAS_ORDER,
    RESERVED_FOR_ADAS_UNLUCKY_ORDER,
)
from workers.domain.payments.decider import decider
from workers.testing.scenarios import given


def test_with_its_whole_amount_captured() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER)
    history.when(CAPTURE_FOR_ADAS_ORDER).then(CAPTURED_FOR_ADAS_ORDER)


def test_with_its_whole_amount_released() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_UNLUCKY_ORDER)
    history.when(RELEASE_FOR_ADAS_UNLUCKY_ORDER).then(RELEASED_FOR_ADAS_UNLUCKY_ORDER)


def test_once() -> None:
    captured = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER, CAPTURED_FOR_ADAS_ORDER)
    captured.when(CAPTURE_FOR_ADAS_ORDER).then_rejected("ReservationNotFound")
    released = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_UNLUCKY_ORDER, RELEASED_FOR_ADAS_UNLUCKY_ORDER)
    released.when(RELEASE_FOR_ADAS_UNLUCKY_ORDER).then_rejected("ReservationNotFound")


def test_not_when_there_is_none_for_the_order() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, DECLINED_FOR_ADAS_BIG_ORDER, RESERVED_FOR_ADAS_ORDER)
    history.when(RELEASE_FOR_ADAS_UNLUCKY_ORDER).then_rejected("ReservationNotFound")
    given(decider, DEPOSITED_FOR_ADA).when(CAPTURE_FOR_ADAS_ORDER).then_rejected("ReservationNotFound")


def test_not_without_an_account() -> None:
    given(decider).when(RELEASE_FOR_ADAS_UNLUCKY_ORDER).then_rejected("AccountNotFound")
    given(decider).when(CAPTURE_FOR_ADAS_ORDER).then_rejected("AccountNotFound")
