"""
Why no connection came about: whether waiting can mend it, what the operating system said, and the cure.

One pure function from an exception of aiohttp's to a `ConnectionFault`. The exceptions hold our headers; only
their error numbers and OpenSSL's words are read. The name of a proxy is shown, its user and password are not.
"""

from __future__ import annotations

import errno
import os
import re
import ssl

import aiohttp
from attrs import frozen

_ADDRESS = "check the address (base_url, GAMEBALL_BASE_URL, --base-url)"
_NETWORK = f"{_ADDRESS}, and that this machine has a network and no firewall in between"
_PROXY = "check the proxy that HTTP_PROXY or HTTPS_PROXY names, or remove trust_env (--trust-env)"
_UNUSABLE = f"{_ADDRESS}, and with trust_env (--trust-env) the proxy's in HTTPS_PROXY or HTTP_PROXY"
_ISSUER = (
    f"{_ADDRESS}. If the certificate is of a server or proxy of your own, set SSL_CERT_FILE to a "
    "file with its issuer's certificate"
)

_CERTIFICATES = {  # OpenSSL's numbers, X509_V_ERR_…
    9: f"check the clock of this machine; otherwise {_ADDRESS}",
    10: "check the clock of this machine; otherwise have the server's certificate renewed, or "
    f"{_ADDRESS}",
    62: f"{_ADDRESS}: it must be one of the names in the certificate",
    64: f"{_ADDRESS}: it must be one of the names in the certificate",
}
_PLAIN_HTTP = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


@frozen
class ConnectionFault:
    """
    Why there is no connection.

    Attributes:
        heals: whether waiting can mend it.
        reason: what the operating system or OpenSSL said, in words.
        cure: what to do.
        proxy: the host and port of the proxy that failed; None where it was Gameball's server, or is not known.
    """

    heals: bool
    reason: str
    cure: str
    proxy: str | None = None


def connection_fault(error: BaseException) -> ConnectionFault | None:
    """
    What kept a request from a connection; None where there may have been one.

    Args:
        error: what aiohttp raised before any of the request's body was written.
    """
    match error:
        case aiohttp.ClientHttpProxyError(status=status):
            return proxy_refused(status)
        case aiohttp.ClientProxyConnectionError():
            reason = f"the proxy cannot be reached: {_of_system(error.os_error)}"
            return ConnectionFault(True, reason, _PROXY, f"{error.host}:{error.port}")
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            return _tls(error.os_error)
        case aiohttp.ClientConnectorDNSError():
            said = error.os_error.strerror or "no address for it"
            return ConnectionFault(True, f"the name does not resolve ({said})", _NETWORK)
        case aiohttp.ClientConnectorError():
            if isinstance(error.os_error, ssl.SSLError):
                return _tls(error.os_error)
            return ConnectionFault(True, _of_system(error.os_error), _NETWORK)
        case aiohttp.ConnectionTimeoutError():
            return ConnectionFault(True, "timed out (ETIMEDOUT)", _NETWORK)
        case UnicodeDecodeError():
            return None  # of an answer
        case aiohttp.InvalidURL() | UnicodeError():  # of a host that is no name
            return ConnectionFault(False, "the address cannot be used", _UNUSABLE)
    return None


def proxy_refused(status: int) -> ConnectionFault:
    """A proxy answered *status* in place of passing the request on."""
    if status == 407:
        reason = "the proxy wants a user and a password (HTTP 407)"
        cure = "give both in HTTPS_PROXY or HTTP_PROXY: http://user:password@host:port"
        return ConnectionFault(False, reason, cure)
    return ConnectionFault(status >= 500, f"the proxy does not connect (HTTP {status})", _PROXY)


def _certificate(error: BaseException) -> ConnectionFault:
    said = getattr(error, "verify_message", "") or "the certificate is not valid"
    cure = _CERTIFICATES.get(getattr(error, "verify_code", 0), _ISSUER)
    return ConnectionFault(False, f"{said.rstrip('.')} (CERTIFICATE_VERIFY_FAILED)", cure)


def _tls(error: OSError) -> ConnectionFault:
    said = getattr(error, "reason", None) or type(error).__name__
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectionFault(True, f"the connection was closed during TLS ({said})", _NETWORK)
    if said in _PLAIN_HTTP:
        reason = f"the server does not speak TLS on this port ({said})"
        return ConnectionFault(False, reason, f"{_ADDRESS}: its port, and https or http")
    return ConnectionFault(False, f"no agreement on TLS ({said})", _ADDRESS)


def _of_system(error: OSError) -> str:
    """``connection refused (ECONNREFUSED)``; asyncio's own texts hold addresses instead."""
    number = error.errno
    if number is None and (found := _NUMBER.search(str(error))):  # one for each address
        number = int(found[1])
    if number is None or number not in errno.errorcode:
        return "no connection"
    said = os.strerror(number)
    return f"{said[:1].lower()}{said[1:]} ({errno.errorcode[number]})"
