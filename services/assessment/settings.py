"""Settings of the assessment: MIGPLAN_ASSESSMENT_…"""

from shared.runtime.settings import CommonSettings, settings_of


class AssessmentSettings(CommonSettings):
    """Nothing but what every service is told; ``upstreams`` must say where ingest is."""

    model_config = settings_of("assessment")
