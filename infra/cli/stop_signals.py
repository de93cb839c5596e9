"""The signals that ask a command in the foreground to stop: Ctrl-C, SIGTERM, a closed terminal."""

import asyncio
import signal
from collections.abc import Callable

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_stop_signals(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop at each of them."""
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        # Started with nohup, it must outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
