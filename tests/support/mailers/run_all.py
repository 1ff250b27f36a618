"""Runs a mail program once for each row of standard input, two at a time.

Each row is a line of JSON with arguments and standard input, which is in base64. The run at place N
belongs to user 20000 + N, so that the Received field of what arrives tells which run it comes from.
When all runs are over and the queue, if there is one, is empty, a line of JSON says how each ended.

Usage: run_all.py PROGRAM [QUEUE]
"""

import base64
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

FIRST_USER = 20000
NOBODY = 65534

# In the order in which a message passes through them: one that moves on while they are looked at
# is seen in the next.
FOLDERS = ("maildrop", "incoming", "active")


def make_users(count):
    with open("/etc/passwd", "a", encoding="ascii") as users:
        for place in range(count):
            users.write(f"caller{place}:x:{FIRST_USER + place}:{NOBODY}::/nonexistent:/bin/sh\n")


def run(program, place, row):
    # Latin 1 has one character for each octet, and so has the row.
    arguments = [argument.encode("latin-1") for argument in row["arguments"]]
    done = subprocess.run(
        [program.encode(), *arguments],
        input=base64.b64decode(row["input"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=FIRST_USER + place,
        group=NOBODY,
        extra_groups=[],
        check=False,
    )
    return {"status": done.returncode, "stderr": done.stderr.decode("utf-8", "replace")}


def wait_for(queue):
    while any(os.listdir(os.path.join(queue, folder)) for folder in FOLDERS):
        time.sleep(0.02)


def main():
    program, *queues = sys.argv[1:]
    rows = [json.loads(line) for line in sys.stdin]
    make_users(len(rows))
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda pair: run(program, *pair), enumerate(rows)))
    for queue in queues:
        wait_for(queue)
    print(json.dumps(ended))


main()
