"""What the system says of a file or a connection, by its number: its own words have the language of the computer."""

from __future__ import annotations

import errno
import socket
import ssl

from helix_app.base.language import mark

_SAID: dict[int, str] = {
    errno.EPERM: mark("Operation not permitted"),
    errno.ENOENT: mark("No such file or directory"),
    errno.EIO: mark("Input/output error"),
    errno.EBADF: mark("Bad file descriptor"),
    errno.EAGAIN: mark("Resource temporarily unavailable"),
    errno.ENOMEM: mark("Cannot allocate memory"),
    errno.EACCES: mark("Permission denied"),
    errno.EBUSY: mark("Device or resource busy"),
    errno.EEXIST: mark("File exists"),
    errno.EXDEV: mark("Invalid cross-device link"),
    errno.ENODEV: mark("No such device"),
    errno.ENOTDIR: mark("Not a directory"),
    errno.EISDIR: mark("Is a directory"),
    errno.EINVAL: mark("Invalid argument"),
    errno.ENFILE: mark("Too many open files in system"),
    errno.EMFILE: mark("Too many open files"),
    errno.EFBIG: mark("File too large"),
    errno.ENOSPC: mark("No space left on device"),
    errno.EROFS: mark("Read-only file system"),
    errno.EPIPE: mark("Broken pipe"),
    errno.ENAMETOOLONG: mark("File name too long"),
    errno.ENOTEMPTY: mark("Directory not empty"),
    errno.ELOOP: mark("Too many levels of symbolic links"),
    errno.ECONNREFUSED: mark("Connection refused"),
    errno.ECONNRESET: mark("Connection reset by peer"),
    errno.ENETUNREACH: mark("Network is unreachable"),
    errno.EHOSTUNREACH: mark("No route to host"),
    errno.ETIMEDOUT: mark("Connection timed out"),
    errno.EADDRINUSE: mark("Address already in use"),
    errno.EADDRNOTAVAIL: mark("Cannot assign requested address"),
    **({errno.EDQUOT: mark("Disk quota exceeded")} if hasattr(errno, "EDQUOT") else {}),
}
_OWN_NUMBERS = (ssl.SSLError, socket.gaierror, socket.herror)


def said(exc: OSError) -> str:
    """Why, in English, so that a window can say it in its language.

    Words stay where they are more exact, as Windows' are, and where the number is no errno, as TLS and resolvers have.
    """
    own = exc.strerror or ""
    if getattr(exc, "winerror", None) or isinstance(exc, _OWN_NUMBERS):
        return own
    return _SAID.get(exc.errno or 0, own)
