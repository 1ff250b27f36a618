"""A system log of a test's own: a datagram socket at the path in argv.

Answers each line on stdin with all records received so far, as one line of JSON. With the
argument "full" it lets nothing more in: its queue is full from the start and never read.
"""

import json
import socket
import sys


def fill(path):
    """Sends until the queue takes no more."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    try:
        while True:
            sender.sendto(b"<13>full", path)
    except BlockingIOError:
        return sender


def receive(log, records):
    """Takes what is in the queue: whoever has finished sending is in it."""
    try:
        while True:
            records.append(log.recv(65536).decode("utf-8", "backslashreplace"))
    except BlockingIOError:
        pass


def main():
    path = sys.argv[1]
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(path)
    log.setblocking(False)
    full = fill(path) if "full" in sys.argv else None
    records = []
    print("ready")
    for _ in sys.stdin:
        if not full:
            receive(log, records)
        print(json.dumps(records))


main()
