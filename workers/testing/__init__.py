"""The kit by which a context is tested: scenarios, drawn messages, and the laws that every context keeps. Pure: no
server, no clock. The extra `annals[testing]` brings what it needs; nothing in production imports it.

    scenarios   given(decider, *events).when(command).then(*events)
    processes   following(saga, *events).when(event).then(*commands).leaving("status")
    drawing     messages(model): any message of a kind, for property tests
    walks       any walk of a context's example commands
    laws        class TestShipments(ContextLaws): contexts = (context,)
"""

try:
    import pytest
except ImportError as error:
    raise ImportError(
        "workers.testing needs pytest and hypothesis: add annals[testing] to the development dependencies"
    ) from error

# A failing assert of the kit shows its values, as those of the tests do.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("scenarios", "processes", "walks", "saga_walks", "drawing", "laws"))
)
