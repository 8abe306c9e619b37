"""Settings of the provisioner: environment variables MIGPLAN_PROVISIONER_…"""

from shared.runtime.settings import CommonSettings, settings_of


class ProvisionerSettings(CommonSettings):
    """What every service is told; the provisioner needs no more yet."""

    model_config = settings_of("provisioner")
