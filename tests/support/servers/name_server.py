"""A name server on the loopback address 127.0.0.67, which says what a table tells it.

Takes the table as JSON in argv: from a name to a list of records, each "A 192.0.2.1", "AAAA ::1" or
"CNAME name", or to a number, which is the code of a failure. What is not in the table does not exist.
Prints "ready", or why it cannot listen (port 53 is for root), and serves until its input ends.
"""

import ipaddress
import json
import socket
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}
NO_SUCH_NAME = 3


def encode(name):
    labels = name.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def answer(query, table):
    end = query.index(b"\0", 12)
    labels, at = [], 12
    while at < end:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12 : end + 5]
    wanted = int.from_bytes(query[end + 1 : end + 3], "big")
    name = ".".join(labels).lower()
    records, code = [], 0
    while True:
        entry = table.get(name, NO_SUCH_NAME)
        if isinstance(entry, int):
            code = entry
            break
        alias = next((each.split()[1] for each in entry if each.startswith("CNAME ")), None)
        for each in entry:
            kind, value = each.split()
            if TYPES[kind] in (wanted, TYPES["CNAME"]):
                data = encode(value) if kind == "CNAME" else ipaddress.ip_address(value).packed
                fixed = TYPES[kind].to_bytes(2, "big") + b"\0\1" + (60).to_bytes(4, "big")
                records.append(encode(name) + fixed + len(data).to_bytes(2, "big") + data)
        if alias is None or wanted == TYPES["CNAME"]:
            break
        name = alias
    head = query[:2] + (0x8180 | code).to_bytes(2, "big") + b"\0\1"
    return head + len(records).to_bytes(2, "big") + b"\0\0\0\0" + question + b"".join(records)


def serve(server, table):
    while True:
        query, client = server.recvfrom(4096)
        server.sendto(answer(query, table), client)


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.67", 53))
except OSError as error:
    print(error)
    sys.exit()
threading.Thread(target=serve, args=(server, json.loads(sys.argv[1])), daemon=True).start()
print("ready")
sys.stdin.read()
