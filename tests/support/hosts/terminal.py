"""A terminal of a test's own: runs an interactive shell and types on it.

Takes the command in argv. Answers each line on stdin, the keys to type and a text to wait for as a
JSON list, with all that has been written since, as one line of JSON.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios

# A shell that says nothing for so many seconds does not do what it was told.
PATIENCE = 20

# Rows and columns: lists are shown whole.
SIZE = struct.pack("HHHH", 100, 200, 0, 0)


def read_until(terminal, text):
    """Reads what is written, up to a text; gives what there is when the shell ends or hangs."""
    seen = b""
    while text.encode() not in seen:
        ready, _, _ = select.select([terminal], [], [], PATIENCE)
        try:
            more = os.read(terminal, 65536) if ready else b""
        except OSError:
            more = b""
        if not more:
            break
        seen += more
    return seen.decode("utf-8", "backslashreplace")


def main():
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, SIZE)
    print("ready")
    for line in sys.stdin:
        keys, text = json.loads(line)
        os.write(terminal, keys.encode())
        print(json.dumps(read_until(terminal, text)))


main()
