"""What the steps of a story have in common."""
import sys
import time

STEPS = []


def step(function):
    STEPS.append(function)
    return function


def until(what, ask):
    """Asks again and again until the answer is there, for a minute at most."""
    deadline = time.monotonic() + 60
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"gave up after a minute waiting until {what}"
        time.sleep(0.02)
    return answer


def run():
    """Runs the steps in order and reports each; the last line tells that none is missing."""
    for function in STEPS:
        name = function.__name__.replace("_", " ")
        try:
            function()
        except BaseException:
            print(f"failed {name}", file=sys.stderr)
            raise
        print(f"ok {name}")
    print(f"all {len(STEPS)} steps ok")
