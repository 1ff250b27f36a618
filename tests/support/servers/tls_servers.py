"""Mail servers with certificates and TLS of every kind, as OpenSSL speaks it.

Takes a list of servers as JSON in argv, prints their ports, and serves until its standard input ends.
Each server is {"encryption", "chain", "key"} and what else tls_context knows. To a line with a
server's number it answers with all that the server has heard inside TLS, as a list.
"""

import json
import socket
import ssl
import sys
import threading
import warnings


def tls_context(settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # At this level OpenSSL loads any key and certificate.
    context.set_ciphers(settings.get("ciphers", "ALL") + ":@SECLEVEL=0")
    context.load_cert_chain(settings["chain"], settings["key"])
    if "versions" in settings:
        context.minimum_version, context.maximum_version = (
            ssl.TLSVersion[name] for name in settings["versions"]
        )
    if "curve" in settings:
        context.set_ecdh_curve(settings["curve"])
    if settings.get("clientCertificate"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(settings["chain"])
    return context


REPLIES = {"DATA": "354 Go on", "QUIT": "221 Bye"}


def talk(client, heard, has_greeted):
    stream = client.makefile("rwb")

    def say(text):
        stream.write(text.encode("ascii") + b"\r\n")
        stream.flush()

    if not has_greeted:
        say("220 mail.test ESMTP")
    is_message = False
    for line in stream:
        text = line.decode("latin-1").rstrip("\r\n")
        heard.append(text)
        if is_message and text != ".":
            continue
        verb = text.split(" ")[0].upper()
        is_message = verb == "DATA"
        say(REPLIES.get(verb, "250 Ok"))
        if verb == "QUIT":
            return


def serve(client, settings, heard):
    # A failed handshake closes its socket. What the client says then would break the connection off,
    # and the server's words might get lost.
    remaining = client.dup()
    is_starttls = settings["encryption"] == "starttls"
    try:
        if is_starttls:
            client.sendall(b"220 mail.test ESMTP\r\n")
            client.recv(4096)
            client.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
            client.recv(4096)
            client.sendall(b"220 2.0.0 Go ahead\r\n")
        talk(tls_context(settings).wrap_socket(client, server_side=True), heard, is_starttls)
    except OSError:
        pass  # that is what it is for
    finally:
        try:
            remaining.shutdown(socket.SHUT_WR)
            while remaining.recv(4096):
                pass
        except OSError:
            pass
        remaining.close()


def accept(listener, settings, heard):
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(client, settings, heard), daemon=True).start()


warnings.simplefilter("ignore")  # the old versions are what some tests are about
servers = [
    (socket.create_server(("127.0.0.1", 0), backlog=64), settings, [])
    for settings in json.loads(sys.argv[1])
]
for server in servers:
    threading.Thread(target=accept, args=server, daemon=True).start()
print(json.dumps([listener.getsockname()[1] for listener, _, _ in servers]))
for line in sys.stdin:
    print(json.dumps(servers[int(line)][2]))
