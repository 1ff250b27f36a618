"""Reads messages as Python's email package understands them.

Answers each line on stdin, a message in base64, with one line of JSON.
"""

import base64
import email
import email.errors
import email.header
import email.policy
import email.utils
import json
import re
import sys


def encode(content):
    return base64.b64encode(content).decode("ascii")


def describe_part(part):
    return {
        "type": part.get_content_type(),
        "charset": part.get_content_charset(),
        "encoding": str(part.get("Content-Transfer-Encoding", "")).lower(),
        "disposition": part.get_content_disposition(),
        "filename": part.get_filename(),
        "content": encode(part.get_payload(decode=True) or b""),
        "defects": [type(defect).__name__ for defect in part.defects],
    }


def mailboxes(header):
    """Names and addresses in an address field."""
    if header is None:
        return []
    return [[address.display_name, address.addr_spec] for address in header.addresses]


def unfold(value):
    """A value in one line, without the space behind the colon, which may stand behind a fold."""
    return re.sub(r"\r?\n(?=[ \t])", "", str(value)).lstrip(" \t")


def decode(value):
    """Encoded words by the older of Python's two readers, which keeps every space."""
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return value


def people(message, field):
    """Names and addresses by the older reader."""
    pairs = email.utils.getaddresses([unfold(value) for value in message.get_all(field, [])])
    return [[decode(name), address] for name, address in pairs]


def describe(content):
    modern = email.message_from_bytes(content, policy=email.policy.SMTPUTF8)
    old = email.message_from_bytes(content, policy=email.policy.compat32)
    fields = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")
    return {
        "headers": [[name, str(value)] for name, value in modern.items()],
        "rawHeaders": [[name, str(value)] for name, value in old.raw_items()],
        "subjects": [decode(unfold(value)) for value in old.get_all("Subject", [])],
        "people": {field: people(old, field) for field in fields},
        "mailboxes": {field: mailboxes(modern[field]) for field in fields},
        "multipart": modern.is_multipart(),
        "parts": [describe_part(part) for part in modern.walk() if not part.is_multipart()],
        "defects": [type(defect).__name__ for defect in modern.defects],
    }


def main():
    print("ready")
    for line in sys.stdin:
        print(json.dumps(describe(base64.b64decode(line))))


main()
