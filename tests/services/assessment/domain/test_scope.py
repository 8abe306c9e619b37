"""Templates, SRM placeholders and vCLS VMs do not count."""

import pytest

from services.assessment.domain.scope import Exclusion, exclusion
from shared.contracts.records import VmRecord
from tests.services.assessment.builders import a_vm


@pytest.mark.parametrize(
    ("vm", "reason"),
    [
        (a_vm(is_template=True), Exclusion.TEMPLATE),
        (a_vm(is_srm_placeholder=True), Exclusion.SRM_PLACEHOLDER),
        (a_vm(name="vCLS (1)"), Exclusion.VCLS),
        (a_vm(name="vCLS-4c4c4544-0042-5910-8042-b7c04f4b3232"), Exclusion.VCLS),
        (a_vm(name="anything", folder="/DC1/vm/vCLS"), Exclusion.VCLS),
        (a_vm(name="vCLS-monitor"), None),
        (a_vm(name="vcls-app-01"), None),
        (a_vm(folder="/DC1/vm/vCLS/tools"), None),
        (a_vm(power_state="poweredOff"), None),
        (a_vm(), None),
    ],
)
def test_only_these_are_excluded(vm: VmRecord, reason: Exclusion | None) -> None:
    assert reason == exclusion(vm)
