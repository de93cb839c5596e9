"""Property tests here are given time."""

from tests.patience import give_time

give_time()
