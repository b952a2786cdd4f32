"""Which network addresses may be reached."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Clouds give these to their own services, though some Pythons, or all, call them global.
_SERVICES = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
# All that has been given out of the newer kind.
_GLOBAL = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""One of the answers of ``getaddrinfo``."""


class ForbiddenAddress(OSError):
    """A connection that was not made; the message names the address."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} is no public address")


def is_public(address: str) -> bool:
    """Whether an address is one of the open Internet, whatever older form it is wrapped in.

    Raises:
        ValueError: it is no address.
    """
    ip = ip_address(address.partition("%")[0])
    inner = _wrapped(ip) if isinstance(ip, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _SERVICES))


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    """The address of the older kind that this one leads to."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


class AddressGuard:
    """Makes the sockets of one host; looks at each address just before it is connected to.

    What a name resolved to earlier does not count, so a name that changes its address in between gains nothing.

    Args:
        allowed: whether the operator allows this host by name, wherever it leads.
    """

    def __init__(self, *, allowed: bool) -> None:
        self._allowed = allowed
        self.refused: str | None = None
        """The last address that was refused."""

    def make_socket(self, info: AddressInfo) -> socket.socket:
        """An unconnected socket for one address.

        Raises:
            ForbiddenAddress: it must not be connected to.
        """
        family, kind, protocol, _, where = info
        address = str(where[0])
        if not self._allowed and not is_public(address):
            self.refused = address
            raise ForbiddenAddress(address)
        return socket.socket(family, kind, protocol)
