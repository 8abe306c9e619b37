"""Cards on no network, on many, without an IPv4 address."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.fleet import nic_on
from tests.support.rvtools_estate.model import (
    Nic,
    Vm,
)


def with_nics(vm: Vm, context: Context, *, count: int) -> Vm:
    """Cards on as many networks of the estate."""
    networks = context.landscape.networks
    first = context.index % len(networks)
    return replace(
        vm,
        nics=tuple(
            nic_on(networks[(first + n) % len(networks)], index=context.index, number=n)
            for n in range(count)
        ),
    )


def _each_nic(vm: Vm, _: Context, *, change: Callable[[Nic], Nic]) -> Vm:
    return replace(vm, nics=tuple(change(nic) for nic in vm.nics))


NETWORKS: tuple[Case, ...] = (
    lambda vm, _: replace(vm, nics=()),
    partial(with_nics, count=8),
    partial(with_nics, count=10),
    # vCD writes the word "none" for a card on no network, vCenter "Not connected".
    partial(_each_nic, change=lambda n: replace(n, network="none", ipv4=None, is_connected=False)),
    partial(
        _each_nic,
        change=lambda n: replace(n, network="Not connected", ipv4=None, is_connected=False),
    ),
    partial(_each_nic, change=lambda n: replace(n, adapter="E1000")),
    partial(_each_nic, change=lambda n: replace(n, adapter="SriovEthernetCard")),
    partial(
        _each_nic,
        change=lambda n: replace(n, ipv4=None, ipv6="fd00:64::50:56ff:fe80:1"),
    ),
)
