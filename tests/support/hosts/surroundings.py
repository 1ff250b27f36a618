"""Becomes a command in surroundings that a shell cannot make.

Takes their names in argv, separated by commas, then the command.
"""

import os
import signal
import socket
import sys


def broken_pipe(descriptor):
    """A pipe that nobody reads from."""
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, descriptor)


def full_pipe(descriptor):
    """A pipe in non-blocking mode that is full, and read only after a while."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"\n" * 4096)
    except BlockingIOError:
        pass
    os.dup2(writer, descriptor)
    os.close(writer)
    if os.fork() > 0:
        return
    os.close(descriptor)
    while os.read(reader, 65536):
        pass
    os._exit(0)


def socket_as_stdin():
    """Standard input is a connection, as some supervisors hand it on."""
    ours, theirs = socket.socketpair()
    os.dup2(theirs.fileno(), 0)
    theirs.close()
    if os.fork() > 0:
        ours.close()
        return
    os.close(0)
    ours.sendall(b"Hello\n")
    os._exit(0)


SURROUNDINGS = {
    "stdin does not block": lambda: os.set_blocking(0, False),
    "stdin is a socket": socket_as_stdin,
    "stdout is broken": lambda: broken_pipe(1),
    "stdout is full": lambda: full_pipe(1),
    "stderr is broken": lambda: broken_pipe(2),
    "SIGCHLD is ignored": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    "SIGPIPE ends": lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL),
    "all signals are blocked": lambda: signal.pthread_sigmask(
        signal.SIG_BLOCK, signal.valid_signals()
    ),
}

for name in sys.argv[1].split(", "):
    SURROUNDINGS[name]()
os.execv(sys.argv[2], sys.argv[2:])
