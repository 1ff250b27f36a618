"""Runs commands in turn, in another order each round, and measures them.

Each command has copies of its program, of which each round takes the next. Takes a plan as JSON on
stdin and writes, for each command in its order, the lists "wall" and "cpu"
in milliseconds and "peak" in kilobytes, one number a run. A command that fails ends it.

The peak of a process begins with that of the process that started it, so memory is measured in
runs of their own, below time(1), which is small itself.
"""

import json
import os
import random
import sys
import tempfile
import time

TIME = "/usr/bin/time"


def start(command, number, report=None):
    copies = command["copies"]
    argv = [copies[number % len(copies)], *command["args"]]
    if report is not None:
        argv = [TIME, "--quiet", "--format=%M", f"--output={report}", *argv]
    files = [
        (os.POSIX_SPAWN_OPEN, 0, command["input"], os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    return os.posix_spawn(argv[0], argv, command["env"], file_actions=files)


def finish(command, process):
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{command['name']} failed with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def run(command, number):
    """As many processes at once as the command says; gives the time until the last has ended."""
    began = time.perf_counter()
    processes = [start(command, number) for _ in range(command["together"])]
    cpu = sum(finish(command, process) for process in processes)
    return 1000 * (time.perf_counter() - began), 1000 * cpu


def peak(command, number, report):
    finish(command, start(command, number, report))
    with open(report, encoding="ascii") as file:
        return int(file.read())


def main():
    plan = json.load(sys.stdin)
    commands = plan["commands"]
    results = [{"wall": [], "cpu": [], "peak": []} for _ in commands]
    order = list(zip(commands, results))
    # In the first rounds, one for each copy, files come from the disk.
    copies = max(len(command["copies"]) for command in commands)
    for number in range(-copies, plan["rounds"]):
        random.shuffle(order)
        for command, result in order:
            wall, cpu = run(command, number)
            if number >= 0:
                result["wall"].append(wall)
                result["cpu"].append(cpu)
    with tempfile.NamedTemporaryFile() as report:
        for command, result in zip(commands, results):
            for number in range(plan["peaks"]):
                result["peak"].append(peak(command, number, report.name))
    json.dump(results, sys.stdout)


main()
