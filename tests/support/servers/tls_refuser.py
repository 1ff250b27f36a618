"""A server that offers what the program must not or cannot use, and says so in TLS.

Takes its settings as JSON in argv, prints its port, and serves until its standard input ends. What
asyncio serves, it cuts off without a word; this one lets OpenSSL say why.
"""

import json
import socket
import ssl
import sys
import threading
import warnings


def tls_context(settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["chainFile"], settings["keyFile"])
    if "ciphers" in settings:
        context.set_ciphers(settings["ciphers"])
    context.minimum_version, context.maximum_version = (
        ssl.TLSVersion[name] for name in settings["versions"]
    )
    if settings.get("clientCertificate"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(settings["chainFile"])
    return context


def say(client, *lines):
    client.sendall("".join(line + "\r\n" for line in lines).encode("ascii"))


def serve(client, settings):
    # A failed handshake closes its socket. What the client says then would break the connection off,
    # and the server's words might get lost.
    remaining = client.dup()
    try:
        if settings["encryption"] == "starttls":
            say(client, "220 refuser.test ESMTP")
            client.recv(4096)
            say(client, "250-refuser.test", "250 STARTTLS")
            client.recv(4096)
            say(client, "220 2.0.0 Go ahead")
        tls_context(settings).wrap_socket(client, server_side=True).recv(4096)
    except OSError:
        pass  # that is what it is for
    finally:
        remaining.shutdown(socket.SHUT_WR)
        while remaining.recv(4096):
            pass
        remaining.close()


def accept(listener, settings):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, settings), daemon=True).start()


warnings.simplefilter("ignore")  # the old versions are what some tests are about
listener = socket.create_server(("127.0.0.1", 0))
arguments = (listener, json.loads(sys.argv[1]))
threading.Thread(target=accept, args=arguments, daemon=True).start()
print(listener.getsockname()[1])
sys.stdin.read()
