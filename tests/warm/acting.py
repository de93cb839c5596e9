"""A program that does one thing and ends: `python -m tests.warm.acting <action>`."""

import atexit
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path


def _late() -> None:
    time.sleep(0.05)
    print("a thread ends late")


def main(action: str, *words: str) -> None:
    atexit.register(print, "at exit")
    print(action, *words, __name__, Path.cwd(), os.environ.get("ANNALS_TOPIC_PREFIX"), sys.stdin.read())
    match action:
        case "stop":
            sys.exit(3)
        case "explain":
            sys.exit("an explanation")
        case "raise":
            raise ZeroDivisionError("a bug for the test")
        case "interrupt":
            raise KeyboardInterrupt
        case "die":
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        case "thread":
            threading.Thread(target=_late).start()
        case "wait":
            sys.stdout.flush()
            signal.pause()
        case "draw":
            print(random.random())
        case _:
            sys.stderr.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
