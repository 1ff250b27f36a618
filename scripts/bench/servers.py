"""Mail servers and a system log for the benchmark.

Takes a JSON object: the files "certificate" and "key", the path "log" of the log's socket, and "sink",
the path of Postfix's smtp-sink, with "libraries", the folders in which its libraries may lie. Writes
the ports as JSON, by the server and by the encryption, and answers each line on stdin, the count of
messages that should have come, with what has come since the last one. Messages are counted, not kept.

A thread for each connection: with TCP's own blocking calls nothing stands between a client and its
answer, which is what is to be measured.
"""

import collections
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

REPLIES = {
    b"EHLO": (
        b"250-bench.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 104857600\r\n"
    ),
    b"DATA": b"354 Go\r\n",
    b"QUIT": b"221 Bye\r\n",
}
END = b"\r\n.\r\n"
LARGEST_READ = 256 * 1024

counts = collections.Counter()


class Connection:
    def __init__(self, plain, acknowledge_at_once):
        self.socket = plain
        self.quick = int(acknowledge_at_once)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.acknowledge()

    def acknowledge(self):
        # Linux goes its own way again after a while, so it is told each time.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, self.quick)

    def encrypt(self, context):
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def say(self, reply):
        self.socket.sendall(reply)

    def read(self):
        data = self.socket.recv(LARGEST_READ)
        if not data:
            raise ConnectionResetError
        self.acknowledge()
        return data

    def read_message(self, tail):
        """Reads on to the final dot."""
        while not (b"\r\n" + tail).endswith(END):
            tail = (tail + self.read())[-len(END) :]


def serve(connection, encryption, context):
    if encryption == "tls":
        connection.encrypt(context)
    connection.say(b"220 bench.test ESMTP\r\n")
    rest = b""
    while True:
        *lines, rest = (rest + connection.read()).split(b"\r\n")
        answer = b""
        for number, line in enumerate(lines):
            verb = line[:4].upper()
            reply = REPLIES.get(verb, b"250 Ok\r\n")
            if verb == b"EHLO" and encryption == "starttls":
                reply = reply.replace(b"\r\n", b"\r\n250-STARTTLS\r\n", 1)
            answer += reply
            if verb == b"RCPT":
                counts["recipients"] += 1
            if verb == b"DATA":
                connection.say(answer)
                connection.read_message(b"\r\n".join(lines[number + 1 :] + [rest]))
                counts["messages"] += 1
                answer, rest = b"250 2.0.0 Ok: queued as 4F1\r\n", b""
                break
            if verb == b"STAR":
                connection.say(b"220 Go\r\n")
                connection.encrypt(context)
                encryption, answer = "encrypted", b""
        connection.say(answer)


def serve_until_gone(*arguments):
    connection = arguments[0]
    try:
        serve(*arguments)
    except (OSError, ssl.SSLError):
        pass  # the client has gone
    finally:
        connection.socket.close()


def listen(acknowledge_at_once, encryption, context):
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)

    def accept():
        while True:
            connection = Connection(listener.accept()[0], acknowledge_at_once)
            threading.Thread(
                target=serve_until_gone, args=(connection, encryption, context), daemon=True
            ).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def take_records(path):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(path)

    def receive():
        while log.recv(65536):
            counts["records"] += 1

    threading.Thread(target=receive, daemon=True).start()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start_sink(path, libraries):
    """Starts smtp-sink, which counts its messages on stdout; each has one recipient."""
    port = free_port()
    # It goes when this process goes, whichever way, and will not run as root.
    user = ["--reuid=nobody", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    sink = subprocess.Popen(
        ["/usr/bin/setpriv", "--pdeathsig=KILL", *user, path, "-c", f"127.0.0.1:{port}", "100"],
        stdout=subprocess.PIPE,
        env={"LD_LIBRARY_PATH": libraries},
    )

    def count():
        text, seen = b"", 0
        while piece := os.read(sink.stdout.fileno(), 65536):
            *whole, text = (text + piece).split(b"\r")
            for line in whole:
                total = int(re.search(rb"mesg=(\d+)", line)[1])
                counts["messages"] += total - seen
                counts["recipients"] += total - seen
                seen = total

    threading.Thread(target=count, daemon=True).start()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return port
        except ConnectionRefusedError:
            if sink.poll() is not None:
                sys.exit("smtp-sink has ended")
            time.sleep(0.01)


def await_messages(expected):
    """The sink counts a message a moment after its client has got the answer."""
    for _ in range(500):
        if counts["messages"] >= expected:
            return
        time.sleep(0.01)


def main():
    settings = json.loads(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    take_records(settings["log"])
    sink_port = start_sink(settings["sink"], settings["libraries"])
    ports = {
        acks: {
            encryption: listen(acks == "quick", encryption, context)
            for encryption in ("none", "starttls", "tls")
        }
        for acks in ("quick", "delayed")
    }
    print(json.dumps({**ports, "smtp-sink": {"none": sink_port}}))
    for line in sys.stdin:
        await_messages(int(line))
        print(json.dumps(counts))
        counts.clear()


main()
