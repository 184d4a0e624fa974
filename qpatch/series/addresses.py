# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses in the headers of mails, in the form that `git format-patch` gives them.

A name that is not ASCII becomes encoded words (RFC 2047), an address that is not stays as it is (RFC 6532), and lines
are folded.
"""

from __future__ import annotations

import re
from email.charset import QP, Charset
from email.header import Header
from email.headerregistry import Address
from email.policy import default
from email.utils import unquote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENCODED_WIDTH = 76  # of a line with an encoded word, RFC 2047
_WIDTH = 78  # of other lines, RFC 5322
_NAMED = re.compile(r"(?P<name>.*?)\s*<(?P<mailbox>[^<>]*)>")


def is_mailbox(text: str) -> bool:
    """Tell whether `text`, in angle brackets in a mail's header, is read back as one address, to the letter."""
    found = default.header_factory("From", f"<{text}>").addresses
    return [address.addr_spec for address in found] == [text] and bool(found[0].domain)


def mailbox_of(address: str) -> str:
    """Return the address proper, in small letters, of an address that may have a name before it."""
    named = _NAMED.fullmatch(address)
    return (named["mailbox"] if named else address).strip().lower()


def address_header(header: str, addresses: Sequence[str]) -> str:
    """Return `header` with `addresses`, one to a line: no line gets too long, and lists can be compared line by line.

    Each is an address, or a name, perhaps in quotes, with the address in angle brackets.
    """
    return f"{header}: " + ",\n ".join(_folded(address, header) for address in addresses)


def quoted_utf8() -> Charset:
    """Return UTF-8 as the character set of encoded words in which most letters can still be read."""
    charset = Charset("utf-8")
    charset.header_encoding = QP
    return charset


def _folded(address: str, header: str) -> str:
    parts = _NAMED.fullmatch(address)
    if not (parts and parts["name"]):
        return address
    words, mailbox = _words(unquote(parts["name"]), header), f"<{parts['mailbox']}>"
    used = len(f"{header}: {words}".rpartition("\n")[2])
    return f"{words} {mailbox}" if used + 1 + len(mailbox) <= _WIDTH else f"{words}\n {mailbox}"


def _words(name: str, header: str) -> str:
    if not name.isascii():
        return Header(name, quoted_utf8(), ENCODED_WIDTH, header).encode()
    phrase = str(Address(name)).removesuffix(" <>")  # in quotes where it must be
    return Header(phrase, maxlinelen=_WIDTH, header_name=header).encode(splitchars=" ")
