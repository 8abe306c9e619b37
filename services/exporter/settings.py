"""Settings of the exporter: environment variables MIGPLAN_EXPORTER_…"""

from shared.runtime.settings import CommonSettings, settings_of


class ExporterSettings(CommonSettings):
    """Nothing but what every service is told; ``upstreams`` must say where the planner is."""

    model_config = settings_of("exporter")
